"""Forms of the editor and of publishing. FORMS has one for each type of question."""

from surveys.forms.ballots import ApprovalForm, BallotRankingForm, KnapsackForm, PointsForm
from surveys.forms.choosing import LongListForm, MultipleForm, NeighbourhoodForm, RankingForm, SingleForm, YesNoForm
from surveys.forms.other import CalculationForm, ConsentForm, HiddenForm, InformationForm, UploadForm
from surveys.forms.question import QuestionForm
from surveys.forms.scales import NpsForm, RatingForm
from surveys.forms.survey import NewSurveyForm, PublishForm, TextsForm
from surveys.forms.tables import MatrixForm
from surveys.forms.writing import DateForm, LongTextForm, NationalIdForm, NumberForm, PhoneForm, ShortTextForm, TimeForm
from surveys.types import (
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    Hidden,
    Information,
    Knapsack,
    LongList,
    LongText,
    Matrix,
    Multiple,
    NationalId,
    Neighbourhood,
    Nps,
    Number,
    Phone,
    Points,
    Question,
    Ranking,
    Rating,
    ShortText,
    Single,
    Time,
    Upload,
    YesNo,
)

FORMS: dict[type[Question], type[QuestionForm]] = {
    Single: SingleForm,
    Multiple: MultipleForm,
    YesNo: YesNoForm,
    Rating: RatingForm,
    Nps: NpsForm,
    Matrix: MatrixForm,
    Ranking: RankingForm,
    Neighbourhood: NeighbourhoodForm,
    LongList: LongListForm,
    Number: NumberForm,
    ShortText: ShortTextForm,
    LongText: LongTextForm,
    Date: DateForm,
    Time: TimeForm,
    Phone: PhoneForm,
    NationalId: NationalIdForm,
    Consent: ConsentForm,
    Upload: UploadForm,
    Information: InformationForm,
    Hidden: HiddenForm,
    Calculation: CalculationForm,
    Approval: ApprovalForm,
    BallotRanking: BallotRankingForm,
    Points: PointsForm,
    Knapsack: KnapsackForm,
}

__all__ = ["FORMS", "NewSurveyForm", "PublishForm", "QuestionForm", "TextsForm"]

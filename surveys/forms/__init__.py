"""Forms of the editor and of publishing. FORMS has one for each type of question."""

from surveys.forms.choosing import MultipleForm, SingleForm
from surveys.forms.question import QuestionForm
from surveys.forms.scales import RatingForm
from surveys.forms.survey import NewSurveyForm, PublishForm, TextsForm
from surveys.forms.writing import LongTextForm, NumberForm, ShortTextForm
from surveys.types import LongText, Multiple, Number, Question, Rating, ShortText, Single

FORMS: dict[type[Question], type[QuestionForm]] = {
    Single: SingleForm,
    Multiple: MultipleForm,
    Rating: RatingForm,
    Number: NumberForm,
    ShortText: ShortTextForm,
    LongText: LongTextForm,
}

__all__ = ["FORMS", "NewSurveyForm", "PublishForm", "QuestionForm", "TextsForm"]

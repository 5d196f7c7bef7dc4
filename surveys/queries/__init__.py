"""What others may read of surveys."""

from surveys.queries.links import FoundLink, find_link, link_of, links_of, unanswered_condition
from surveys.queries.overview import (
    Funnel,
    SurveyDetail,
    SurveyFacts,
    SurveySummary,
    VersionSummary,
    find_survey,
    get_survey,
    get_survey_facts,
    invitation_funnel,
    list_surveys,
    live_surveys,
    survey_for_page,
    top_office_name,
    versions_of,
)
from surveys.queries.responses import ResponseDocument, definition_of, definitions_of_survey, response_count, response_documents

__all__ = [
    "FoundLink",
    "Funnel",
    "ResponseDocument",
    "SurveyDetail",
    "SurveyFacts",
    "SurveySummary",
    "VersionSummary",
    "definition_of",
    "definitions_of_survey",
    "find_link",
    "find_survey",
    "get_survey",
    "get_survey_facts",
    "invitation_funnel",
    "link_of",
    "links_of",
    "list_surveys",
    "live_surveys",
    "response_count",
    "response_documents",
    "survey_for_page",
    "top_office_name",
    "unanswered_condition",
    "versions_of",
]

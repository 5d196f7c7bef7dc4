"""Photos and files that citizens add: checked by content, encrypted each under a key of its own, and gone with their response."""

from surveys.uploads.commands import claim_uploads, delete_loose_uploads, store_upload
from surveys.uploads.kinds import media_type_of
from surveys.uploads.queries import FoundUpload, find_upload, missing_uploads, open_upload
from surveys.uploads.shelf import UploadShelf

__all__ = [
    "FoundUpload",
    "UploadShelf",
    "claim_uploads",
    "delete_loose_uploads",
    "find_upload",
    "media_type_of",
    "missing_uploads",
    "open_upload",
    "store_upload",
]

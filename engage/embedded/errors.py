"""The one way an embedded server refuses."""


class EmbeddedServerError(Exception):
    """A server could not be had; `message` is one sentence for a person, `code` is stable for programs.

    Codes: no_binary, data_folder_not_writable, data_folder_foreign, data_folder_busy, path_too_long,
    socket_folder_unsafe, version_mismatch, namespace_refused, start_failed.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

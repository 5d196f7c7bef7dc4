"""The small expression language of surveys: typed, terminating, the same on the server and in the editor's checks. Pure."""

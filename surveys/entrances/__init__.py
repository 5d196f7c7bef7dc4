"""Ways into an open survey besides the personal link: open links with their posters, kiosks, ambassadors who ask, and paper forms.

Every response that comes in here carries its entrance and its channel, and results keep it apart: who answered through an open link
isn't known. A turn (one person at one entrance) ends in one response, however often its last page is sent.
"""

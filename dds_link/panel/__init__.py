"""The web panel: every channel of one or several controllers in a browser (extra ``panel``)."""

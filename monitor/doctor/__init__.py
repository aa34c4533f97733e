"""`bellbuoy doctor`: whether everything is there that the daemon needs, a file an area; nothing here changes anything."""

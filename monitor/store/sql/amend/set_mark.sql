-- Notes how far a stream was looked through.
INSERT INTO amended_to VALUES ($stream, $next)

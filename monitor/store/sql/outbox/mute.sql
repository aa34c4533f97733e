-- Ends a page that was kept back until its incident was over: nobody is told of it.
UPDATE outbox SET state = 'muted', reason = $reason
WHERE incident = $incident AND sink = $sink AND wanted = $number

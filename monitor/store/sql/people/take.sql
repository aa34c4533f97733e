-- Notes the change that an acknowledgement became; 0 where there was nothing to acknowledge any more.
UPDATE acknowledgements SET number = $number WHERE id = $id

-- How far the interactions of each workflow were closed, and from when on (microseconds).
SELECT workflow, epoch_us(first) AS first_us, epoch_us(next) AS until_us FROM closed_to

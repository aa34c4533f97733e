-- The calibrations in force at an instant: for each detector entry the newest that was valid then.
SELECT detector, judges, mu, beta, series_weeks, calibrated, nats, slack
FROM calibrations_raw
WHERE valid_from <= make_timestamp(CAST($at AS BIGINT) * 1000000)
QUALIFY row_number() OVER (PARTITION BY detector ORDER BY valid_from DESC) = 1
ORDER BY detector

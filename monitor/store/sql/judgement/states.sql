-- All that the detectors remember.
SELECT detector, signal, workflow, step, segment, direction, version,
       map_keys(state) AS names, map_values(state) AS values
FROM detector_state

-- The reasons with their counts and first lines, most frequent first; values inside a reason are left out.
SELECT source, regexp_replace(reason, ' is [^;]*?(, which|: its date)', ' has a value\1', 'g') AS kind, count(*), min(reason),
       list(line ORDER BY line)[1:5]
FROM {quarantine}
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT 200

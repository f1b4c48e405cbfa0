-- The reasons with their counts and first lines, most frequent first; values inside a reason are left out.
SELECT source, regexp_replace(regexp_replace(reason, ' is [^;]*?, which', ' holds something that', 'g'), ' is [^;]*?: its date', ' holds something else: its date', 'g') AS kind, count(*), min(reason),
       list(line ORDER BY line)[1:5]
FROM {quarantine}
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT 200

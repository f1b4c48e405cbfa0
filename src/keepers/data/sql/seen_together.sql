-- Pairs of ids seen on one row; a name alone belongs to the address that alone has the name.
WITH pairs AS (
    SELECT coalesce(e, i) AS x, CASE WHEN e IS NOT NULL THEN i END AS y FROM {seen}
    UNION ALL
    SELECT coalesce(e, i), p FROM {seen}
    UNION ALL
    SELECT s.n, known.e FROM {seen} s
    JOIN (SELECT name, min(e) AS e FROM {seen} WHERE name IS NOT NULL AND e IS NOT NULL GROUP BY name HAVING count(DISTINCT e) = 1) known
      ON known.name = s.name
    WHERE s.n IS NOT NULL
)
SELECT DISTINCT a.component AS a, b.component AS b
FROM pairs
JOIN {nodes} a ON pairs.x = a.node
JOIN {nodes} b ON pairs.y = b.node
WHERE a.component <> b.component

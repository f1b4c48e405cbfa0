-- Distinct histories of contracts with how many share each, by plan.
SELECT plan, {entry} AS entry, {tenure} AS tenure, CAST(ended AS DOUBLE) AS ended, count(*) AS weight
FROM {summary}
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4

-- Distinct histories of contracts with how many share each, by plan and perhaps further columns.
SELECT plan, {entry} AS entry, {tenure} AS tenure, CAST(ended AS DOUBLE) AS ended{columns}, count(*) AS weight
FROM {summary}
GROUP BY 1, 2, 3, 4{places}
ORDER BY 1, 2, 3, 4{places}

-- Analytics' report of channels by day.
SELECT strftime(strptime(doc->>'$.dimensionValues[0].value', '%Y%m%d'), '%Y-%m-%d') AS "Date",
       (doc->>'$.dimensionValues[1].value') AS "Session default channel group",
       (doc->>'$.metricValues[0].value') AS "Sessions",
       (doc->>'$.metricValues[1].value') AS "Key events",
       (doc->>'$.metricValues[2].value') AS "Total revenue"
FROM {channels}
ORDER BY 1, 2

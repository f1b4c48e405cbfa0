-- The last day that each source knows of.
SELECT source_no, max(greatest(day, coalesce(voided_on, day), coalesce(refunded_on, day)))
FROM ({union})
WHERE NOT ({future})
GROUP BY source_no

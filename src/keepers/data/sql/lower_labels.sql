-- One round of labelling: the smallest label among neighbours, then the label of that label.
WITH both_ways AS (SELECT a, b FROM {edges} UNION ALL SELECT b, a FROM {edges}),
reached AS (SELECT w.a AS component, min(l.label) AS label FROM both_ways w JOIN {labels} l ON l.component = w.b GROUP BY 1),
lowered AS (
    SELECT l.component, least(l.label, coalesce(r.label, l.label)) AS label FROM {labels} l LEFT JOIN reached r USING (component)
)
SELECT l.component, least(l.label, j.label) AS label
FROM lowered l JOIN lowered j ON j.component = l.label

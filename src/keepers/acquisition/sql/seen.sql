-- What customers of each group have brought up to stated ages, of those who are old enough, and how many came back.
SELECT
    label,
    count(*) AS customers,
    count(CASE WHEN first_day BETWEEN known.first AND known.last THEN 1 END) AS new_customers,
    count(returned) AS asked,
    CAST(sum(returned) AS DOUBLE) AS returned,
    {by_age}
FROM {newcomers} AS newcomer
LEFT JOIN {known} AS known ON known.of = newcomer.label
GROUP BY label
ORDER BY label

-- Every offer made or held back, with the experiment it belongs to: that of its assignment, else the offers of its day.
WITH assigned AS (
    SELECT customer_key, experiment, arm, min(CAST(assigned_at AS DATE)) AS day
    FROM {assignments} AS assignment
    GROUP BY customer_key, experiment, arm
),
named AS (
    SELECT
        treatment.customer_key,
        treatment.day,
        treatment.offer,
        treatment.cost,
        treatment.propensity,
        coalesce(assigned.experiment, 'offers of ' || CAST(treatment.day AS VARCHAR)) AS experiment
    FROM {treatments} AS treatment
    LEFT JOIN assigned
        ON assigned.customer_key = treatment.customer_key
        AND assigned.arm = treatment.offer
        AND abs(date_diff('day', assigned.day, treatment.day)) <= 1
    WHERE treatment.customer_key IS NOT NULL
)
SELECT *
FROM (
    SELECT *, row_number() OVER (PARTITION BY experiment, customer_key ORDER BY day, offer) AS time FROM named
) AS numbered
WHERE time = 1

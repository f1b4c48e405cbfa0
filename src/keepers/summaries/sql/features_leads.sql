-- What was known of each customer as a lead; won or lost counts from the day it was closed.
WITH known AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY customer_key ORDER BY occurred_at, lead_id) AS place
    FROM {leads} AS lead
)
SELECT
    customer_key,
    count(*) AS leads, -- leads of this person so far [leads] zero
    sum(CASE WHEN closed_on <= cut AND won THEN 1 ELSE 0 END) AS leads_won, -- leads that were won by then [leads] zero needs closed_on
    sum(CASE WHEN closed_on <= cut AND NOT won THEN 1 ELSE 0 END) AS leads_lost, -- leads that were lost by then [leads] zero needs closed_on
    sum(CASE WHEN closed_on <= cut AND won THEN CAST(amount AS DOUBLE) END) AS deals_won, -- size of the deals won by then [money] needs closed_on amount
    date_diff('day', min(day), max(cut)) AS days_since_lead, -- time since the person first became a lead [days]
    date_diff('day', min(day), max(first_day)) AS days_lead_to_order, -- time from the first lead to the first order [days]
    max(CASE WHEN place = 1 THEN channel END) AS lead_channel, -- channel of the first lead [category] needs channel
    max(CASE WHEN place = 1 THEN campaign END) AS lead_campaign, -- campaign of the first lead [category] needs campaign
    max(CASE WHEN place = 1 THEN country END) AS lead_country, -- country of the first lead [category] needs country
    max(CASE WHEN company IS NOT NULL THEN 1 ELSE 0 END) AS lead_of_company -- whether a lead named a company [flag] zero needs company
FROM known
GROUP BY customer_key

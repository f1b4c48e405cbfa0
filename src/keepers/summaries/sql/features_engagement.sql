-- What each customer did with what was sent to them, and on the site, by kind.
WITH happened AS (
    SELECT customer_key, cut, day, kind, value, date_diff('day', day, cut) AS age FROM {engagement} AS event
),
counted AS (
    SELECT
        customer_key,
        max(cut) AS cut,
        sum(CASE WHEN kind = {kind_literal} THEN 1 ELSE 0 END) AS {kind}_all,
        sum(CASE WHEN kind = {kind_literal} AND age < {window} THEN 1 ELSE 0 END) AS {kind}_{window},
        sum(CASE WHEN kind = {kind_literal} AND age BETWEEN 28 AND 111 THEN 1 ELSE 0 END) AS {kind}_before,
        max(CASE WHEN kind = {kind_literal} THEN day END) AS {kind}_last,
        max(day) AS last_any,
        sum(CAST(value AS DOUBLE)) AS total_value
    FROM happened
    GROUP BY customer_key
)
SELECT
    customer_key,
    {kind}_all AS {kind}_count, -- {kind_words}, so far [events] zero
    {kind}_{window} AS {kind}_{window}d, -- {kind_words}, in the last {window} days [events] zero
    {kind}_28 - {kind}_before / 3.0 AS {kind}_change, -- {kind_words}, in the last 28 days, less a third of those in the 84 days before [events] zero
    date_diff('day', {kind}_last, cut) AS days_since_{kind}, -- time since the last of: {kind_words} [days]
    CAST(open_all AS DOUBLE) / nullif(sent_all, 0) AS open_rate, -- letters opened, as a share of those sent [share] needs kind_open kind_sent
    CAST(open_90 AS DOUBLE) / nullif(sent_90, 0) AS open_rate_90d, -- letters opened in the last 90 days, as a share of those sent [share] needs kind_open kind_sent
    CAST(open_90 AS DOUBLE) / nullif(sent_90, 0) - CAST(open_all - open_90 AS DOUBLE) / nullif(sent_all - sent_90, 0) AS open_rate_change, -- share of letters opened in the last 90 days, less the share before [share] needs kind_open kind_sent
    CAST(click_all AS DOUBLE) / nullif(sent_all, 0) AS click_rate, -- letters clicked, as a share of those sent [share] needs kind_click kind_sent
    CAST(click_90 AS DOUBLE) / nullif(sent_90, 0) AS click_rate_90d, -- letters clicked in the last 90 days, as a share of those sent [share] needs kind_click kind_sent
    CAST(click_90 AS DOUBLE) / nullif(sent_90, 0) - CAST(click_all - click_90 AS DOUBLE) / nullif(sent_all - sent_90, 0) AS click_rate_change, -- share of letters clicked in the last 90 days, less the share before [share] needs kind_click kind_sent
    date_diff('day', last_any, cut) AS days_since_engagement, -- time since anything was sent to, or done by, the customer [days]
    total_value AS engagement_value -- sum of the sizes of what was done [as the source counts] needs value
FROM counted

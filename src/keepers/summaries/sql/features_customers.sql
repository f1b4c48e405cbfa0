-- What the list of customers says that does not change after the account was made; what it counts itself is of a later day.
SELECT
    customer_key,
    greatest(date_diff('day', CAST(min(created_at) AS DATE), max(cut)), 0) AS account_days, -- age of the account [days]
    date_diff('day', CAST(min(created_at) AS DATE), max(first_day)) AS days_account_to_order, -- time from the account to the first order [days]
    max(channel) AS acquisition_channel, -- channel that brought the customer, by the list of customers [category] needs channel
    max(campaign) AS acquisition_campaign, -- campaign that brought the customer, by the list of customers [category] needs campaign
    max(country) AS country, -- country, by the list of customers [category] needs country_of_list
    max(region) AS region, -- region, by the list of customers [category] needs region
    max(CASE WHEN account_id IS NOT NULL THEN 1 ELSE 0 END) AS of_business -- whether the customer belongs to a business [flag] zero needs account_id
FROM {customers} AS customer
GROUP BY customer_key

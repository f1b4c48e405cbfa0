-- What each customer answered, wrote and complained of.
WITH said AS (
    SELECT
        *,
        date_diff('day', day, cut) AS age,
        kind = 'complaint' AS complains,
        row_number() OVER (PARTITION BY customer_key, scaled IS NULL ORDER BY occurred_at DESC, event_id DESC) AS score_from_last,
        row_number() OVER (PARTITION BY customer_key, sentiment IS NULL ORDER BY occurred_at DESC, event_id DESC) AS words_from_last
    FROM {feedback} AS answer
),
counted AS (
    SELECT
        *,
        CASE WHEN score_from_last = 1 THEN scaled END AS last_score,
        CASE WHEN score_from_last > 1 THEN scaled END AS earlier_score,
        CASE WHEN words_from_last = 1 THEN sentiment END AS last_sentiment
    FROM said
)
SELECT
    customer_key,
    count(*) AS feedback, -- answers, reviews and complaints so far [answers] zero
    max(last_score) AS last_score, -- last score, 0 the worst and 1 the best [score] needs score
    avg(scaled) AS mean_score, -- mean score, 0 the worst and 1 the best [score] needs score
    max(last_score) - avg(earlier_score) AS score_change, -- last score less the mean of those before [score] needs score
    sum(CASE WHEN scaled < 0.5 THEN 1 ELSE 0 END) AS bad_scores, -- scores in the lower half of the scale [answers] zero needs score
    sum(CASE WHEN complains THEN 1 ELSE 0 END) AS complaints, -- complaints so far [complaints] zero needs complaints
    sum(CASE WHEN complains AND age < {window} THEN 1 ELSE 0 END) AS complaints_{window}d, -- complaints in the last {window} days [complaints] zero needs complaints
    date_diff('day', max(CASE WHEN complains THEN day END), max(cut)) AS days_since_complaint, -- time since the last complaint [days] needs complaints
    max(last_sentiment) AS last_sentiment, -- feeling of the last words, from -1 to 1 [sentiment] needs sentiment
    avg(sentiment) AS mean_sentiment, -- mean feeling of all words, from -1 to 1 [sentiment] needs sentiment
    sum(CASE WHEN sentiment < -0.2 THEN 1 ELSE 0 END) AS angry_words, -- texts of bad feeling [texts] zero needs sentiment
    sum(CASE WHEN sentiment < -0.2 AND age < 90 THEN 1 ELSE 0 END) AS angry_words_90d, -- texts of bad feeling in the last 90 days [texts] zero needs sentiment
    date_diff('day', max(day), max(cut)) AS days_since_feedback -- time since anything was said [days]
FROM counted
GROUP BY customer_key

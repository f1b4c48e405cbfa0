"""What customers say, in plain words: how they open, what they praise or mind, and how they close."""

from __future__ import annotations

GLAD = (
    "Lovely from start to finish.",
    "I am very happy with this order.",
    "Just what I hoped for.",
    "Another good one, thank you.",
    "My favorite little shop.",
    "Everything was perfect.",
    "So pleased with it.",
    "A real treat.",
)
GLAD_ABOUT = (
    "The {category} turned out beautiful and well made.",
    "Delivery was quick and the parcel was packed with care.",
    "The {category} looked even better than in the pictures.",
    "You answered my question within the hour.",
    "The quality is much better than in the big stores.",
    "Good value for what you get.",
    "The handwritten note made my day.",
    "My sister loved her gift.",
)
GLAD_CLOSING = ("I will be back.", "Already recommended you to friends.", "Keep it up!", "See you soon.", "")
PLAIN = (
    "All fine.",
    "It is okay.",
    "Arrived as described.",
    "Decent overall.",
    "Good, not great.",
    "No complaints, really.",
    "Fair enough.",
)
PLAIN_ABOUT = (
    "The {category} turned out a bit plainer than I thought.",
    "Delivery took a week, which is acceptable.",
    "Shipping costs are on the high side.",
    "I wish there was more choice.",
    "The color differs a little from the picture.",
    "Packaging could be simpler.",
)
PLAIN_CLOSING = ("Maybe again some time.", "We will see.", "", "")
SOUR = (
    "I am disappointed.",
    "Not what I am used to from you.",
    "This was my last try.",
    "It used to be better.",
    "Sadly not good.",
    "I expected more.",
    "A frustrating experience.",
)
SOUR_ABOUT = (
    "The {category} arrived broken and nobody replied.",
    "Delivery took more than three weeks.",
    "Prices went up while the quality went down.",
    "Customer service was slow and unhelpful.",
    "You sent the wrong {category}.",
    "The last parcel was packed badly and leaked.",
    "I had to write three times about my refund.",
    "I found the same thing cheaper elsewhere.",
)
SOUR_CLOSING = ("I will look elsewhere.", "Please do something about it.", "I do not plan to order again.", "")
COMPLAINTS = (
    "My order is incomplete.",
    "A piece was broken when I opened the box.",
    "I want to send this back.",
    "This is not the article I ordered.",
    "Where is my parcel?",
)

MOODS = ((SOUR, SOUR_ABOUT, SOUR_CLOSING), (PLAIN, PLAIN_ABOUT, PLAIN_CLOSING), (GLAD, GLAD_ABOUT, GLAD_CLOSING))
"""Openings, subjects and closings by mood: sour, plain, glad."""

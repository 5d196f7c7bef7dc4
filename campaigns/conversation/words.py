"""What a conversation says besides its questions. Citizens read it, so it is Persian, like every text that goes out by itself. Pure."""

from __future__ import annotations

THANKS = "پاسخ شما ثبت شد؛ سپاسگزاریم. کد رهگیری: {code}"
ALREADY = "پاسخ شما پیش‌تر ثبت شده است؛ سپاسگزاریم."
CLOSED = "مهلت پاسخ به این نظرسنجی گذشته است؛ از توجه شما سپاسگزاریم."
FULL = "شمار پاسخ‌های لازم به پایان رسیده است؛ از توجه شما سپاسگزاریم."
LINK = "پاسخ در اینترنت به جای پیامک:"
REST = "پاسخ شما را نتوانستیم بخوانیم؛ همکاران ما پیام شما را می‌بینند. برای ادامهٔ پرسش‌ها «ادامه» و برای پاسخ در اینترنت «لینک» بفرستید."
HANDED_ON = "پیام شما به همکاران ما رسید. برای ادامهٔ پرسش‌ها پاسخ این را بفرستید:"
JOIN = "برای پاسخ با پیامک، نخست عضو پیامک‌های {unit} شوید."
JOIN_AT = "برای پاسخ با پیامک، نخست عضو پیامک‌های {unit} شوید:\n{address}"
SAMPLE_CODE = "7KQ2M"

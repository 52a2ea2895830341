## What one program is at: its card in the window, its line in the tray's menu.

state-idle = هنوز بررسی نشده است
state-checking = در حال جست‌وجوی به‌روزرسانی
state-up-to-date = به‌روز است
state-cannot-verify = مشخص نیست به‌روزرسانی وجود دارد یا نه
state-available = نسخهٔ { $version } موجود است
state-stopped = دریافت نسخهٔ { $version } متوقف است
state-deferred-metered = نسخهٔ { $version } منتظر شبکهٔ دیگری است
state-deferred-hours = نسخهٔ { $version } منتظر ساعت خود است
state-deferred-busy = نسخهٔ { $version } منتظر است، برنامه مشغول است
state-deferred-battery = نسخهٔ { $version } منتظر شارژر است
state-deferred-paused = نسخهٔ { $version } منتظر است، به‌روزرسانی‌ها متوقف‌اند
state-getting = در حال دریافت نسخهٔ { $version }
state-ready = نسخهٔ { $version } آمادهٔ نصب است
state-ready-at-quit = نسخهٔ { $version } هنگام بسته شدن برنامه نصب می‌شود
state-ready-tonight = نسخهٔ { $version } امشب نصب می‌شود
state-ready-counting = چند لحظه دیگر با نسخهٔ { $version } دوباره باز می‌شود
state-waiting-for-close = در انتظار بسته شدن { $name }
state-restarting = در حال راه‌اندازی دوباره با نسخهٔ { $version }
state-probation = در حال سنجش درستی کار نسخهٔ { $version }
state-updated = به نسخهٔ { $version } به‌روز شد
state-repaired = نسخهٔ { $version } دوباره سالم است
state-rolling-back = در حال بازگرداندن نسخهٔ قبلی
state-rolled-back = نسخهٔ { $version } بازگردانده شد
state-rolled-back-unknown = نسخهٔ قبلی بازگردانده شد
state-failed = نسخهٔ { $version } نصب نشد
state-failed-check = بررسی انجام نشد
state-disabled = خودکار بررسی نمی‌شود
state-disabled-by-machine = سرپرست سیستم بررسی‌ها را خاموش کرده است

## Why there is something, but not for this computer now.

not-offered-nothing-for-platform = برای این نوع رایانه چیزی نیست
not-offered-os-too-old =
    { $version ->
        [none] تازه‌ترین نسخه به سیستم جدیدتری نیاز دارد
       *[other] نسخهٔ { $version } به سیستم جدیدتری نیاز دارد
    }
not-offered-os-pinned = ناشر برای این سیستم نسخهٔ قدیمی‌تری را نگه داشته است
not-offered-not-yet =
    { $version ->
        [none] تازه‌ترین نسخه بعداً به این رایانه می‌رسد
       *[other] نسخهٔ { $version } بعداً به این رایانه می‌رسد
    }
not-offered-halted =
    { $version ->
        [none] ناشر تازه‌ترین نسخه را متوقف کرده است
       *[other] ناشر نسخهٔ { $version } را متوقف کرده است
    }
not-offered-recalled = ناشر این نسخه را پس گرفته است
not-offered-control-unverified = مشخص نیست به‌روزرسانی برای چه کسانی است
not-offered-known-bad =
    { $version ->
        [none] تازه‌ترین نسخه اینجا درست کار نکرد
       *[other] نسخهٔ { $version } اینجا درست کار نکرد
    }
not-offered-below-floor = فقط نسخه‌های قدیمی‌تر عرضه می‌شوند
not-offered-undone =
    { $version ->
        [none] تازه‌ترین نسخه اینجا برگردانده شده است
       *[other] نسخهٔ { $version } اینجا برگردانده شده است
    }
not-offered-skipped =
    { $version ->
        [none] از تازه‌ترین نسخه صرف‌نظر شده است
       *[other] از نسخهٔ { $version } صرف‌نظر شده است
    }
not-offered-on-hold =
    { $version ->
        [none] نگه داشته شده
       *[other] نگه داشته شده: نسخهٔ { $version } منتظر می‌ماند
    }
not-offered-pinned = در نسخهٔ خود می‌ماند
not-offered-too-young =
    { $version ->
        [none] جدیدترین نسخه بعداً به اینجا می‌رسد
       *[other] نسخهٔ { $version } بعداً به اینجا می‌رسد
    }
not-offered-turned-off = سرپرست سیستم به‌روزرسانی را خاموش کرده است

## All programs in one line: the tray's title and first menu line, the window's headline.

summary-empty = هنوز برنامه‌ای نیست
summary-problems = یکی از ثبت‌ها خواندنی نیست
summary-paused = به‌روزرسانی‌ها متوقف‌اند
summary-idle = هنوز بررسی نشده است
summary-up-to-date = همه‌چیز به‌روز است
summary-nothing-to-install = فعلاً چیزی برای نصب نیست
summary-held =
    { $count ->
        [one] { $count } برنامه بررسی نمی‌شود
       *[other] { $count } برنامه بررسی نمی‌شوند
    }
summary-available =
    { $count ->
        [one] { $count } به‌روزرسانی موجود است
       *[other] { $count } به‌روزرسانی موجود است
    }
summary-working =
    { $count ->
        [one] در حال کار روی { $count } برنامه
       *[other] در حال کار روی { $count } برنامه
    }
summary-ready =
    { $count ->
        [one] { $count } به‌روزرسانی آماده است
       *[other] { $count } به‌روزرسانی آماده است
    }
summary-attention =
    { $count ->
        [one] { $count } برنامه به شما نیاز دارد
       *[other] { $count } برنامه به شما نیاز دارند
    }
summary-critical =
    { $count ->
        [one] { $count } به‌روزرسانی فوری
       *[other] { $count } به‌روزرسانی فوری
    }

## The same, where one program has the news.

one-state-checking = در حال جست‌وجوی به‌روزرسانی { $name }
one-state-cannot-verify = مشخص نیست { $name } به‌روز است یا نه
one-state-available = { $name } نسخهٔ { $version } موجود است
one-state-stopped = دریافت { $name } نسخهٔ { $version } متوقف است
one-state-deferred-metered = { $name } نسخهٔ { $version } منتظر است
one-state-deferred-hours = { $name } نسخهٔ { $version } منتظر است
one-state-deferred-busy = { $name } نسخهٔ { $version } منتظر است
one-state-deferred-battery = { $name } نسخهٔ { $version } منتظر است
one-state-deferred-paused = { $name } نسخهٔ { $version } منتظر است
one-state-getting = در حال دریافت { $name } نسخهٔ { $version }
one-state-ready = { $name } نسخهٔ { $version } آمادهٔ نصب است
one-state-ready-at-quit = { $name } نسخهٔ { $version } هنگام بسته شدن نصب می‌شود
one-state-ready-tonight = { $name } نسخهٔ { $version } امشب نصب می‌شود
one-state-ready-counting = { $name } چند لحظه دیگر با { $version } دوباره باز می‌شود
one-state-waiting-for-close = در انتظار بسته شدن { $name }
one-state-restarting = در حال راه‌اندازی دوبارهٔ { $name } با نسخهٔ { $version }
one-state-probation = در حال سنجش درستی کار { $name } نسخهٔ { $version }
one-state-rolling-back = در حال بازگرداندن نسخهٔ قبلی { $name }
one-state-rolled-back = { $name } به نسخهٔ { $version } برگشت
one-state-rolled-back-unknown = { $name } به نسخهٔ قبلی برگشت
one-state-failed = { $name } نسخهٔ { $version } نصب نشد
one-state-failed-check = { $name } بررسی نشد
one-state-disabled = { $name } خودکار بررسی نمی‌شود
one-state-disabled-by-machine = سرپرست سیستم بررسی { $name } را خاموش کرده است
one-not-offered-halted =
    { $version ->
        [none] ناشر تازه‌ترین نسخهٔ { $name } را متوقف کرده است
       *[other] ناشر { $name } نسخهٔ { $version } را متوقف کرده است
    }
one-not-offered-recalled = ناشر این نسخهٔ { $name } را پس گرفته است
one-not-offered-control-unverified = مشخص نیست به‌روزرسانی { $name } برای چه کسانی است
one-not-offered-undone =
    { $version ->
        [none] تازه‌ترین نسخهٔ { $name } اینجا برگردانده شده است
       *[other] { $name } نسخهٔ { $version } اینجا برگردانده شده است
    }
one-not-offered-skipped =
    { $version ->
        [none] از تازه‌ترین نسخهٔ { $name } صرف‌نظر شده است
       *[other] از { $name } نسخهٔ { $version } صرف‌نظر شده است
    }
one-not-offered-on-hold = { $name } نگه داشته شده است
one-not-offered-pinned = { $name } در نسخهٔ خود می‌ماند
one-not-offered-turned-off = سرپرست سیستم به‌روزرسانی { $name } را خاموش کرده است

## What a person can do: buttons of the window, lines of the tray's menu, the notification's button.

act-check = بررسی
act-install = نصب
act-replace = جایگزینی و نصب
act-restart = راه‌اندازی دوباره برای به‌روزرسانی
act-cancel = لغو
act-pause = توقف
act-resume = ادامه
act-retry = تلاش دوباره
act-roll-back = بازگردانی
act-roll-back-to = بازگشت به { $version }
act-tonight = امشب
act-at-quit = هنگام بسته شدن
act-postpone = حالا نه
act-skip = رد شدن از این نسخه
act-hold = نگه داشتن
act-release = دوباره پیشنهاد شود
act-force = بررسی کامل
act-full = دریافت کامل
act-repair = تعمیر

## The tray's menu.

menu-open = باز کردن
menu-quit = خروج
menu-whats-new = تازه‌ها
menu-pause = توقف به‌روزرسانی
menu-resume = ادامهٔ به‌روزرسانی
menu-help = راهنما
menu-why = چرا به‌روزرسانی نمی‌آید؟
menu-export = ذخیرهٔ اطلاعات عیب‌یابی
menu-log = باز کردن گزارش
menu-packaged = مدیر بسته آن را به‌روز می‌کند
menu-program = { $name } نسخهٔ { $version }: { $words }
menu-program-unknown = { $name }: { $words }

## Notifications.

notice-ready = { $name } نسخهٔ { $version } آمادهٔ نصب است
notice-ready-body = برای به‌روزرسانی دوباره راه‌اندازی کنید. { $name } همان‌جا که بود باز می‌شود.
notice-ready-again = { $name } نسخهٔ { $version } هنوز آماده است
notice-available = { $name } نسخهٔ { $version } در دسترس است
notice-available-body = تا شما نگویید دریافت نمی‌شود.
notice-counting = { $name } تا یک دقیقهٔ دیگر دوباره باز می‌شود
notice-counting-body = همان‌طور که خواسته بودید نسخهٔ { $version } نصب می‌شود. { $name } همان‌جا که بود باز می‌شود.
notice-updated = { $name } به نسخهٔ { $version } به‌روز شد
notice-updated-body = نسخهٔ پیشین نگه داشته شده است و می‌توانید به آن برگردید.
notice-failing = مدتی است که { $name } بررسی نمی‌شود
notice-failing-body = آنچه نصب است کار می‌کند. بخش پشتیبانی نشان می‌دهد چه چیزی در راه است.
notice-answer-body = این بررسی را شما خواستید.
notice-exported = اطلاعات عیب‌یابی
notice-exported-body = در { $file } نوشته شد. پیش از فرستادن به آن نگاه کنید.
notice-rolled-back = { $name } به نسخهٔ { $version } برگشت
notice-rolled-back-unknown = { $name } به نسخهٔ قبلی برگشت
notice-rolled-back-body = نسخهٔ جدید درست کار نکرد، بنابراین نسخهٔ قبلی بازگردانده شد.

notice-no-tray = اینجا نمی‌توان نمادی نشان داد
notice-no-tray-body = این میزکار نمادهای سینی سیستم را نشان نمی‌دهد. به‌روزرسانی‌ها ادامه دارند و اعلان‌ها شما را باخبر می‌کنند. برای دیدن جزئیات، autoupdate را از فهرست برنامه‌ها اجرا کنید.

## The window: its frame, the headline's second line, and what is true for all programs.

window-title = به‌روزرسانی‌ها
window-lost = این پنجره به به‌روزرسان دسترسی ندارد. آن را ببندید و دوباره از سینی سیستم یا فهرست برنامه‌ها باز کنید.
summary-note-working = می‌توانید به کارتان ادامه دهید.
checked-now = همین حالا بررسی شد.
checked-ago = { $span } پیش بررسی شد.
next-check = بررسی بعدی: { $moment }.
version-unknown = نسخهٔ نامشخص
act-check-one = بررسی: { $name }
act-too-late = در این میان وضعیت تغییر کرده است. آنچه را اکنون نشان داده می‌شود ببینید.
act-refused = به‌روزرسان این درخواست را نپذیرفت. کمی بعد دوباره امتحان کنید.
export-refused = فایل نوشته نشد. فضای خالی و مجوز پوشه‌ها را ببینید.
log-refused = چیزی برای باز کردن گزارش در اینجا نیست. گزارش در { $folder } است.
empty-how = هنوز هیچ برنامه‌ای به‌روز نگه داشته نمی‌شود. هر برنامه با فایل ثبت خود افزوده می‌شود؛ فایل کوچکی که ناشرش می‌دهد:
empty-file = به‌جای FILE مسیر آن فایل را بنویسید. فرمان را در پایانه وارد کنید؛ برنامه خودبه‌خود اینجا دیده می‌شود.
problem-title = این فایل ثبت قابل استفاده نیست
problem-line-key = سطر { $line }، { $key }:
problem-line = سطر { $line }:
problem-key = { $key }:
problem-hint = تا این فایل اصلاح نشود، برنامهٔ آن به‌روز نگه داشته نمی‌شود. برنامه‌های دیگر به‌روز می‌مانند.
no-tray = اینجا سینی سیستم نیست، بنابراین نمادی نشان داده نمی‌شود. به‌روزرسانی‌ها ادامه دارند و اعلان‌ها و این پنجره شما را باخبر می‌کنند. اگر پنجره را ببندید، با اجرای این برنامه دوباره باز می‌شود.
start-at-login = اجرا هنگام ورود به سیستم
start-at-login-entry = مدخل { $file } تغییر نکرد. مجوزهای پوشهٔ آن و فضای خالی را بررسی کنید؛ مدخل مثل قبل مانده است.
start-at-login-refused = این تنظیم تغییر نکرد. تنظیمات شما مثل قبل مانده است.
updater-version = به‌روزرسان { $version }.
updater-packaged = مدیر بستهٔ شما این به‌روزرسان را به‌روز می‌کند.
announce-state = { $name }: { $words }.
announce-progress = { $name }: { $percent }.
paused-until = به‌روزرسانی‌ها تا { $moment } متوقف‌اند.
paused-open = به‌روزرسانی‌ها تا وقتی ادامه دهید متوقف‌اند.
paused-hint = هیچ چیز خودبه‌خود دانلود یا نصب نمی‌شود. شما همچنان می‌توانید.
pause-resume = ادامه
panels = بخش‌های این پنجره
panel-updates = به‌روزرسانی‌ها
panel-history = تاریخچه
panel-settings = تنظیمات
panel-support = پشتیبانی
panel-lost = اکنون خوانده نشد. همین که چیزی تغییر کند دوباره خوانده می‌شود.
all-programs = همهٔ برنامه‌ها
pick-program = برنامه
announce-resumed = به‌روزرسانی‌ها ادامه دارند.

## The window: what a card says below its state.

available-unknown = مشخص نیست کدام نسخهٔ { $name } نصب است: محتوای آن با هیچ انتشار ناشرش یکی نیست. اگر موافق باشید، با { $version } جایگزین می‌شود.
available-size = حداکثر { $size } دانلود می‌شود و اگر فقط تفاوت‌ها لازم باشد، کمتر. { $name } در این مدت باز می‌ماند.
stopped-at = { $count } نگه داشته شده است و هر وقت بخواهید از همان‌جا ادامه می‌یابد. خودبه‌خود ادامه نمی‌یابد.
stopped-at-once = هر وقت بخواهید ادامه می‌یابد. خودبه‌خود ادامه نمی‌یابد.
offer-important = این به‌روزرسانی مهم است.
notes-title = تازه‌های نسخهٔ { $version }
notes-all = نمایش همهٔ یادداشت‌ها
notes-less = نمایش یادداشت‌های کمتر
progress-starting = در حال یافتن کوچک‌ترین دانلود
progress-downloading = در حال دانلود
progress-downloading-all = در حال دانلود کامل
progress-verifying = در حال بررسی دانلود
progress-amount = { $count } از { $of }
progress-amount-open = تاکنون { $count }
progress-left = حدود { $span } مانده
progress-left-moment = چیزی نمانده
saving-patch = فقط تفاوت با { $from } دانلود می‌شود: { $fetched } به‌جای { $full }.
saving-patch-unknown = فقط تفاوت‌ها دانلود می‌شود: { $fetched } به‌جای { $full }.
saving-compressed = همهٔ آن به‌صورت فشرده دانلود می‌شود: { $fetched } به‌جای { $full }.
verifying-hint = هر بایت با آنچه ناشر امضا کرده است مقایسه می‌شود.
gave-up-damaged = دانلود کوچک با آنچه ناشر امضا کرده بود یکی نبود، بنابراین کنار گذاشته شد.
gave-up-network = دانلود کوچک در راه قطع شد.
gave-up-base = دانلود کوچک برای داده‌هایی غیر از آنچه اینجا نصب است ساخته شده است.
gave-up-memory = دانلود کوچک بیش از اندازهٔ مجاز این رایانه حافظه می‌خواهد.
gave-up-not-made = سرور دانلود کوچک را به‌موقع آماده نکرد.
gave-up-patch = دانلود کوچک اینجا کار نکرد.
gave-up-other = راه اول برای دریافت آن کار نکرد.
instead-patch = به‌جای آن، تفاوت دیگری تا { $version } دانلود می‌شود.
instead-full = به‌جای آن، همهٔ { $version } دانلود می‌شود.
ready-restart = { $name } بسته و به‌روز می‌شود و همان‌جا که بود باز می‌شود.
waiting-blockers =
    { $count ->
        [one] { $blockers } هنوز باز است. آن را ببندید تا به‌روزرسانی خودبه‌خود نصب شود.
       *[other] { $blockers } هنوز باز هستند. آن‌ها را ببندید تا به‌روزرسانی خودبه‌خود نصب شود.
    }
waiting-until = هیچ برنامه‌ای به‌زور بسته نمی‌شود: آنچه در { $moment } هنوز باز باشد باز می‌ماند و به‌روزرسانی هم آماده می‌ماند.
probation-until =
    { $from ->
        [none] اگر { $to } تا { $moment } درست کار نکند، نسخهٔ قبلی خودبه‌خود برمی‌گردد.
       *[other] اگر { $to } تا { $moment } درست کار نکند، { $from } خودبه‌خود برمی‌گردد.
    }
updated-saved = { $fetched } به‌جای { $full } دریافت شد.
updated-full = { $fetched } دریافت شد.
updated-fetched-before = برای این کار دریافتی لازم نبود: داده‌ها اینجا بودند.
updated-fell-back = نخست دانلود کوچک‌تری امتحان شد که کار نکرد.
updated-still-old =
    { $count ->
        [one] { $count } نمونهٔ در حال اجرا تا بسته شدن، نسخهٔ قبلی را نگه می‌دارد.
       *[other] { $count } نمونهٔ در حال اجرا تا بسته شدن، نسخهٔ قبلی را نگه می‌دارند.
    }
updated-kept = نسخهٔ { $version } نگه داشته شده است و می‌توانید به آن برگردید.
last-good = آخرین باری که این مشخص بود: { $moment }.
failed-unchanged = { $name } مثل قبل مانده است.
disabled-by-machine = سرپرست سیستم بررسی خودکار را خاموش کرده است. همچنان می‌توانید از اینجا به‌روزرسانی را بررسی کنید.
disabled-by-user = شما بررسی خودکار { $name } را خاموش کرده‌اید. همچنان می‌توانید از اینجا به‌روزرسانی را بررسی کنید.
disabled-by-program = { $name } بررسی خودکار را خاموش کرده است. همچنان می‌توانید از اینجا به‌روزرسانی را بررسی کنید.
deferred-paused =
    { $moment ->
        [none] شما به‌روزرسانی‌ها را متوقف کرده‌اید. وقتی ادامه دهید نصب می‌شود.
       *[other] شما به‌روزرسانی‌ها را تا { $moment } متوقف کرده‌اید.
    }
deferred-quiet-hours =
    { $moment ->
        [none] ساعت سکوت شماست و هیچ کاری خودبه‌خود انجام نمی‌شود.
       *[other] ساعت سکوت شماست و تا { $moment } هیچ کاری خودبه‌خود انجام نمی‌شود.
    }
deferred-outside-hours =
    { $moment ->
        [none] سرپرست سیستم به‌روزرسانی را در ساعت‌های دیگری مجاز کرده است.
       *[other] سرپرست سیستم به‌روزرسانی را در ساعت‌های دیگری مجاز کرده است: { $moment } ادامه می‌یابد.
    }
deferred-busy =
    { $moment ->
        [none] { $name } اعلام کرده است که مشغول است و نباید مزاحمش شد.
       *[other] { $name } اعلام کرده است که مشغول است، حداکثر تا { $moment }.
    }
deferred-metered =
    { $limit ->
        [none] هزینهٔ این شبکه بر اساس حجم است. دانلود منتظر شبکهٔ دیگری می‌ماند.
       *[other] هزینهٔ این شبکه بر اساس حجم است و دانلود از { $limit } بزرگ‌تر است. منتظر شبکهٔ دیگری می‌ماند.
    }
deferred-battery = باتری { $percent } شارژ دارد. منتظر شارژر می‌ماند.
deferred-anyway = با این حال همین حالا هم می‌توان نصبش کرد.
planned-at-quit = همین که { $name } بسته شود، خودبه‌خود نصب می‌شود.
planned-at = خودبه‌خود نصب می‌شود: { $moment }. { $name } بسته و به‌روز می‌شود و همان‌جا که بود باز می‌شود.
countdown = { $name } { $span } دیگر بسته می‌شود و همان‌جا که بود باز می‌شود.
countdown-now = { $name } اکنون بسته می‌شود و همان‌جا که بود باز می‌شود.
more-acts = بیشتر: { $name }

## Why a release is kept from this computer, in a sentence.

reason-nothing-for-platform = ناشر در این کانال برای این نوع رایانه نسخه‌ای ندارد. آنچه نصب است همچنان کار می‌کند.
reason-os-too-old = به { $needs } یا جدیدتر نیاز دارد؛ اینجا { $has } است. آنچه نصب است همچنان کار می‌کند.
reason-os-unknown = به { $needs } یا جدیدتر نیاز دارد و نسخهٔ سیستم اینجا مشخص نیست. آنچه نصب است همچنان کار می‌کند.
reason-os-pinned = ناشر برای این سیستم { $version } را عرضه می‌کند و جدیدتر از آن چیزی ندارد.
reason-not-yet = این نسخه گام‌به‌گام منتشر می‌شود تا مشکلات زود دیده شوند. تاکنون به { $share } رایانه‌ها رسیده است و نوبت این رایانه هم خودبه‌خود می‌رسد.
reason-halted = ناشر فعلاً آن را متوقف کرده است. وقتی ادامه‌اش دهد یا نسخهٔ جدیدتری بیاید، دوباره عرضه می‌شود.
reason-recalled = ناشر آن را پس گرفته است. همین که نسخهٔ بهتری بیاید، اینجا عرضه می‌شود.
reason-control-unverified = فهرست ناشر دربارهٔ نوبت دریافت، خیلی قدیمی است یا درست امضا نشده است، بنابراین کسی آن را نمی‌گیرد. خودبه‌خود دوباره بررسی می‌شود.
reason-known-bad = پیش‌تر اینجا نصب شد و درست کار نکرد، بنابراین دوباره امتحان نمی‌شود. نسخهٔ بعدی عرضه می‌شود.
reason-below-floor = نسخهٔ { $version } پیش‌تر اینجا درست کار کرده است، بنابراین نسخهٔ قدیمی‌تر پذیرفته نمی‌شود.
reason-undone = شما از آن برگشتید، بنابراین دیگر خودبه‌خود عرضه نمی‌شود. نسخهٔ بعدی عرضه می‌شود.
reason-skipped = شما از آن صرف‌نظر کردید. نسخهٔ بعدی دوباره عرضه می‌شود.
reason-on-hold = تا وقتی نخواهید دوباره پیشنهاد شود، همین‌طور می‌ماند.
reason-pinned =
    { $by ->
        [administrator] سرپرست سیستم آن را در نسخهٔ { $version } نگه می‌دارد.
        [enrolment] فایل ثبت آن را در نسخهٔ { $version } نگه می‌دارد.
       *[other] شما آن را در نسخهٔ { $version } نگه داشته‌اید تا وقتی در تنظیماتش تغییرش دهید.
    }
reason-too-young = سرپرست سیستم خواسته است نخست دیگران آن را به کار ببرند. بعداً به اینجا می‌رسد: { $moment }.
reason-turned-off = سرپرست سیستم به‌روزرسانی‌ها را خاموش کرده است. آنچه نصب است همچنان کار می‌کند.

## Why the version before was put back, by the code of what was wrong.

rolled-back-by-person = شما نسخهٔ قبلی را خواستید.
rolled-back-recalled =
    { $version ->
        [none] ناشر نسخهٔ جدید را پس گرفت.
       *[other] ناشر نسخهٔ { $version } را پس گرفت.
    }
rolled-back-unhealthy =
    { $version ->
        [none] نسخهٔ جدید درست کار نکرد.
       *[other] نسخهٔ { $version } درست کار نکرد.
    }
rolled-back-unproven =
    { $version ->
        [none] درستی کار نسخهٔ جدید تا پایان سنجیده نشد. شاید دوباره امتحان شود.
       *[other] درستی کار نسخهٔ { $version } تا پایان سنجیده نشد. شاید دوباره امتحان شود.
    }
rolled-back-E-RUN-NOT-STARTED =
    { $version ->
        [none] نسخهٔ جدید اجرا نشد.
       *[other] نسخهٔ { $version } اجرا نشد.
    }
rolled-back-E-RUN-ENDED =
    { $version ->
        [none] نسخهٔ جدید زودتر از موعد پایان یافت.
       *[other] نسخهٔ { $version } زودتر از موعد پایان یافت.
    }
rolled-back-E-RUN-HANGS =
    { $version ->
        [none] نسخهٔ جدید به‌موقع پاسخ نداد.
       *[other] نسخهٔ { $version } به‌موقع پاسخ نداد.
    }
rolled-back-E-RUN-CONFIRM =
    { $version ->
        [none] نسخهٔ جدید به‌موقع اعلام نکرد که کار می‌کند.
       *[other] نسخهٔ { $version } به‌موقع اعلام نکرد که کار می‌کند.
    }
rolled-back-E-RUN-UNWATCHED =
    { $version ->
        [none] این سیستم راهی نداشت تا معلوم شود نسخهٔ جدید درست کار می‌کند یا نه.
       *[other] این سیستم راهی نداشت تا معلوم شود نسخهٔ { $version } درست کار می‌کند یا نه.
    }
rolled-back-E-RUN-INTERRUPTED =
    { $version ->
        [none] نسخهٔ جدید درست کار نکرده بود و رایانه هنگام برگرداندن آن از کار ایستاد.
       *[other] نسخهٔ { $version } درست کار نکرده بود و رایانه هنگام برگرداندن آن از کار ایستاد.
    }
rolled-back-safe = نسخهٔ قبلی بایت‌به‌بایت بازگردانده شد.
rolled-back-not-again = این نسخهٔ { $name } دیگر اینجا خودبه‌خود عرضه نمی‌شود. نسخهٔ بعدی عرضه می‌شود.

## Details of what did not work: labels, steps, who can mend it.

details-show = جزئیات
details-hide = پنهان کردن جزئیات
fact-code = کد
fact-step = مرحله
fact-actor = چه کسی می‌تواند رفعش کند
fact-again = تلاش بعدی
fact-text = شرح فنی
again-at = خودکار: { $moment }
again-by-itself = خودکار، با بررسی بعدی
again-by-hand = هر وقت شما بخواهید
phase-setup = خواندن تنظیمات
phase-check = جست‌وجوی به‌روزرسانی
phase-preflight = پیش از دانلود
phase-fetch = دانلود
phase-apply = سرهم کردن دانلود
phase-verify = مقایسه با آنچه امضا شده است
phase-stage = آماده کردن نسخهٔ جدید
phase-activate = جای‌گذاری نسخهٔ جدید
phase-restart = بستن و اجرای برنامه
phase-probation = سنجش درستی کار آن
phase-roll-back = بازگرداندن نسخهٔ قبلی
actor-repository = ناشر آن
actor-network = شبکه یا گرداننده‌اش
actor-machine = شما یا سرپرست سیستم
actor-bug = سازندگان این به‌روزرسان

## What did not work, by code: what happened, and what to do. Unknown codes: by who can mend it.

failure-by-repository = آنچه ناشر عرضه کرده است ایراد دارد و چیزی از آن پذیرفته نشد. دوباره امتحان می‌شود؛ اگر ادامه داشت، کد را به ناشر بگویید.
failure-by-network = شبکه اجازهٔ عبور نداد. وقتی شبکه بهتر شود، دوباره امتحان می‌شود.
failure-by-machine = چیزی در این رایانه مانع شده است. در جزئیات آمده است که چه چیزی.
failure-by-bug = به‌روزرسان کاری کرد که نباید می‌کرد. دوباره امتحان کنید؛ اگر تکرار شد، کد را به سازندگانش بگویید.

# The network.
failure-E-NET-DNS = نام سرور به‌روزرسانی پیدا نشد. اتصال خود به اینترنت را بررسی کنید و دوباره امتحان کنید.
failure-E-NET-CONNECT = به سرور به‌روزرسانی دسترسی نبود. اتصال خود به اینترنت را بررسی کنید و دوباره امتحان کنید.
failure-E-NET-TLS = سرور به‌روزرسانی نتوانست هویت خود را ثابت کند، بنابراین چیزی از آن گرفته نشد. تاریخ این رایانه را بررسی کنید؛ اگر در شبکهٔ دیگران هستید، شبکهٔ دیگری را امتحان کنید.
failure-E-NET-PROXY = پراکسی میان راه اجازهٔ عبور نداد. نشانی، نام و گذرواژهٔ آن را در تنظیمات سیستم بررسی کنید.
failure-E-NET-BROKEN = اتصال قطع شد. آنچه رسیده است نگه داشته می‌شود و تلاش بعدی از همان‌جا ادامه می‌یابد.
failure-E-NET-TIMEOUT = پاسخ سرور به‌روزرسانی بیش از حد طول کشید. بعداً دوباره امتحان کنید.
failure-E-NET-SLOW = دانلود از حرکت ایستاد. آنچه رسیده است نگه داشته می‌شود و تلاش بعدی از همان‌جا ادامه می‌یابد.
failure-E-NET-PORTAL = به‌جای سرور به‌روزرسانی چیز دیگری پاسخ داد؛ اغلب صفحهٔ ورود شبکه است. یک صفحهٔ وب باز کنید، وارد شوید و دوباره امتحان کنید.
failure-E-NET-REDIRECT = سرور به‌روزرسانی به جایی هدایت کرد که مجاز نیست، بنابراین چیزی گرفته نشد. اگر ادامه داشت، به ناشر بگویید.
failure-E-NET-TOO-LONG = سرور به‌روزرسانی بیش از اندازهٔ مجاز فرستاد، بنابراین کنار گذاشته شد. اگر ادامه داشت، به ناشر بگویید.
failure-E-NET-LENGTH = سرور به‌روزرسانی اندازه‌ای جز آنچه اعلام کرده بود فرستاد، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-NET-CODING = پاسخ در راه دوباره بسته‌بندی شده است و قابل استفاده نیست. شاید کار پراکسی یا فیلتر باشد؛ شبکهٔ دیگری را امتحان کنید.
failure-E-NET-NOT-FOUND = فایلی که باید روی سرور به‌روزرسانی باشد آنجا نیست. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-NET-BUSY = سرور به‌روزرسانی سرش شلوغ است. بعداً دوباره امتحان می‌شود.
failure-E-NET-STATUS = سرور به‌روزرسانی اکنون نمی‌تواند پاسخ دهد. بعداً دوباره امتحان کنید.
failure-E-NET-CANCELLED = دانلود متوقف شد. آنچه رسیده است نگه داشته می‌شود و تلاش بعدی از همان‌جا ادامه می‌یابد.
failure-E-NET-CLIENT = به‌روزرسان نتوانست اتصال خود را برپا کند. دوباره اجرایش کنید؛ اگر ادامه داشت، کد را به سازندگانش بگویید.

# The disk.
failure-E-DISK-FULL = فضای خالی دیسک کافی نیست. کمی فضا باز کنید و دوباره امتحان کنید.
failure-E-DISK-QUOTA = سهم شما از دیسک پر شده است. کمی فضا باز کنید یا سهم بیشتری بخواهید و دوباره امتحان کنید.
failure-E-DISK-INODES = دیسک فایل بیشتری نمی‌پذیرد. چند فایل غیرلازم را حذف کنید و دوباره امتحان کنید.
failure-E-DISK-READ-ONLY = روی دیسکی که { $name } در آن است نمی‌توان نوشت. آن را نوشتنی کنید و دوباره امتحان کنید.
failure-E-DISK-IO = دیسک کاری را که از آن خواسته شد انجام نداد. دوباره امتحان کنید؛ اگر زیاد پیش می‌آید، دیسک را بررسی کنید.
failure-E-DISK-SYNC = دیسک تأیید نکرد که داده‌ها امن ذخیره شده‌اند، بنابراین از آن‌ها استفاده نمی‌شود. پیش از تلاش دوباره، دیسک را بررسی کنید.
failure-E-DISK-SPOOL = پوشهٔ دانلودها خوانده یا نوشته نشد. مجوزهای آن و فضای خالی را بررسی کنید و دوباره امتحان کنید.

# The program's file and its place.
failure-E-FILE-MISSING = { $name } در جایی که فایل ثبت می‌گوید نیست. دوباره نصبش کنید یا مسیر را در فایل ثبت اصلاح کنید.
failure-E-FILE-KIND = جایی که { $name } باید باشد، فایل معمولی نیست. فایل ثبت باید خود برنامه را نام ببرد.
failure-E-FILE-PATH = مسیر { $name } در فایل ثبت کامل نیست. آن را از ریشهٔ دیسک بنویسید.
failure-E-FILE-LINK = مسیر { $name } از پیوندی می‌گذرد که دیگران می‌توانند تغییرش دهند. جای واقعی را در فایل ثبت بنویسید.
failure-E-FILE-FOLDER = به‌دلیل مجوزهای پوشه، دیگران می‌توانند { $name } را جایگزین کنند. نوشتن در آن را فقط به مالکش بسپارید یا برنامه را جابه‌جا کنید.
failure-E-FILE-OWNER = { $name } از آنِ کاربر دیگری در این رایانه است. او یا سرپرست سیستم می‌تواند به‌روزش کند.
failure-E-FILE-SETID = { $name } با مجوزهای مالکش اجرا می‌شود و چنین برنامه‌هایی جایگزین نمی‌شوند. از سرپرست سیستم بخواهید.
failure-E-FILE-CAPABILITIES = { $name } مجوزهای ویژه‌ای دارد که فایلش از دست می‌داد، بنابراین جایگزین نمی‌شود. از سرپرست سیستم بخواهید.
failure-E-FILE-PACKAGED = { $name } را همان چیزی که نصبش کرده به‌روز نگه می‌دارد: مدیر بستهٔ شما یا ایماژی که در آن است.
failure-E-FILE-SHARED = { $name } روی اشتراک شبکه‌ای است که رایانه‌های دیگر هم از آن استفاده می‌کنند. همان‌جا که ذخیره شده است به‌روز می‌شود.
failure-E-FILE-IMMUTABLE = { $name } طوری نشان‌گذاری شده است که کسی نتواند تغییرش دهد. برای اجازه دادن به به‌روزرسانی، نشان را بردارید.
failure-E-FILE-PERMISSION = شما اجازهٔ نوشتن در جای { $name } را ندارید. به‌روزرسانی را با کاربری که اجازه دارد اجرا کنید یا از سرپرست سیستم بخواهید.
failure-E-FILE-MOUNTED = { $name } از دیسکی غیر از دیسک پوشه‌اش می‌آید. همان‌جا که از آن می‌آید به‌روزش کنید.
failure-E-FILE-PRIVATE = پوشه‌ای که به‌روزرسان کنار { $name } نگه می‌دارد آن‌طور که باید نیست. در جزئیات آمده است که کدام پوشه؛ نگاهش کنید و سپس حذفش کنید.
failure-E-FILE-STAGE = نسخهٔ جدید پس از آماده شدن دست‌کاری شده است، بنابراین از آن استفاده نمی‌شود. تلاش بعدی دوباره آن را دریافت می‌کند.
failure-E-FILE-LENGTH = اندازهٔ آنچه رسید با آنچه ناشر امضا کرده است یکی نیست، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-FILE-HASH = آنچه رسید همانی نیست که ناشر امضا کرده است، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-FILE-COMPRESSED = آنچه رسید از حالت فشرده خارج نشد، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-FILE-ATTRIBUTE = یکی از ویژگی‌های فایل { $name } به نسخهٔ جدید منتقل نشد، بنابراین همه‌چیز مثل قبل ماند. در جزئیات آمده است که کدام.
failure-E-FILE-CHANGED = هم‌زمان کس دیگری { $name } را تغییر داد، بنابراین دست نخورد. دوباره امتحان کنید.
failure-E-FILE-MOVED = { $name } هم‌زمان جابه‌جا یا جایگزین شد، بنابراین دست نخورد. دوباره امتحان کنید.
failure-E-FILE-RACED = در همان لحظه کس دیگری در { $name } نوشت و نسخهٔ قبلی بازگردانده شد. دوباره امتحان کنید.
failure-E-FILE-BUSY = { $name } هم‌اکنون در حال استفاده است. آن را ببندید و دوباره امتحان کنید.
failure-E-FILE-NO-ROUTE = راهی برای گرفتن این نسخه از ناشرش نیست. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-FILE-DIED = یکی از مراحل به‌روزرسان زودتر از موعد پایان یافت. دوباره امتحان کنید؛ اگر تکرار شد، کد را به سازندگانش بگویید.
failure-E-FILE-OWN-PATH = به‌روزرسان نمی‌داند خودش کجاست. دوباره اجرایش کنید؛ اگر ادامه داشت، دوباره نصبش کنید.
failure-E-FILE-RUNTIME = پوشه‌ای که به‌روزرسان از راه آن گفت‌وگو می‌کند ممکن است در دسترس دیگران باشد. مجوزهایش را بررسی کنید؛ در جزئیات آمده است که کدام پوشه.

# Somebody else is at work.
failure-E-LOCK-HELD = به‌روزرسان دیگری روی { $name } کار می‌کند. پس از پایان کارش دوباره امتحان می‌شود.
failure-E-LOCK-ENGINE = یک به‌روزرسان از پیش در حال اجراست. از همان استفاده کنید یا نخست آن را ببندید.
failure-E-LOCK-STATE = به‌روزرسان دیگری هم‌اکنون دانسته‌هایش را می‌نویسد. کمی بعد دوباره امتحان کنید.

# What the publisher signed.
failure-E-META-EXPIRED = اعتبار گفتهٔ ناشر دربارهٔ تازه‌ترین نسخه به پایان رسیده است و معلوم نیست کدام نسخه تازه‌ترین است. اگر تاریخ این رایانه درست است، ناشر باید آن را تازه کند.
failure-E-META-SIGNATURE = آنچه سرور به‌روزرسانی فرستاد امضای ناشر را ندارد، بنابراین چیزی از آن گرفته نشد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-META-ROLLBACK = سرور به‌روزرسانی فهرستی قدیمی‌تر از قبل فرستاد، بنابراین چیزی از آن گرفته نشد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-META-INTEGRITY = سرور به‌روزرسانی فهرستی فرستاد که با فهرست امضاشده جور نیست، بنابراین چیزی از آن گرفته نشد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-META-MALFORMED = سرور به‌روزرسانی فهرستی فرستاد که خواندنی نیست، بنابراین چیزی از آن گرفته نشد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-META-LIMIT = سرور به‌روزرسانی فهرستی بلندتر از حد مجاز فرستاد، بنابراین چیزی از آن گرفته نشد. اگر ادامه داشت، به ناشر بگویید.
failure-E-META-MISSING = فایلی که فهرست ناشر نام می‌برد روی سرور به‌روزرسانی نیست. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-META-NAME = فهرست ناشر فایلی را نام می‌برد که نمی‌تواند وجود داشته باشد. اگر ادامه داشت، به ناشر بگویید.
failure-E-META-KEY = فهرست ناشر کلیدی را نام می‌برد که قابل اعتماد نیست، بنابراین چیزی از آن گرفته نشد. اگر ادامه داشت، به ناشر بگویید.
failure-E-META-KEY-REPLACED = ناشر کلیدهایش را عوض کرده است، بنابراین فهرست از نو دریافت می‌شود. دوباره امتحان کنید.
failure-E-META-DELEGATION = فهرست ناشر به کسی اجازهٔ امضا می‌دهد که چنین حقی ندارد، بنابراین چیزی از آن گرفته نشد. اگر ادامه داشت، به ناشر بگویید.
failure-E-META-NOT-DELEGATED = ناشر دیگر به کسی اجازه نمی‌دهد برای { $name } امضا کند. اگر ادامه داشت، به ناشر بگویید.
failure-E-META-NOT-PINNED = فهرست ناشر { $name } را در بر نمی‌گیرد، بنابراین چیزی را نمی‌توان تأیید کرد. اگر ادامه داشت، به ناشر بگویید.
failure-E-META-NOT-STORED = آنچه پیش‌تر تأیید شده بود دیگر اینجا نیست. دوباره امتحان کنید تا از نو دریافت شود.
failure-E-META-ROOT-VERSION = کلیدهای ناشر به ترتیب نادرست رسیدند، بنابراین چیزی گرفته نشد. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-META-ROOT-FILE = فایل کلیدهای ناشر خوانده نشد. در جزئیات آمده است که باید کجا باشد؛ آن را برگردانید یا { $name } را دوباره ثبت کنید.
failure-E-META-ROOT-PIN = فایل کلیدهای ناشر همانی نیست که { $name } با آن ثبت شده است. فایل درست را برگردانید یا { $name } را دوباره ثبت کنید.
failure-E-META-PINNED-ROOT = کلیدهایی که { $name } با آن‌ها ثبت شده است ایراد دارند. فایل ثبت جدیدی از ناشر بگیرید.
failure-E-META-NO-SOURCE = فایل ثبت { $name } هیچ سرور به‌روزرسانی را نام نمی‌برد. یکی بیفزایید یا فایل ثبت جدیدی از ناشر بگیرید.
failure-E-META-PROVIDER = به‌روزرسان نتوانست بررسی امضا را برپا کند. دوباره اجرایش کنید؛ اگر ادامه داشت، کد را به سازندگانش بگویید.
failure-E-META-DIED = یکی از مراحل بررسی زودتر از موعد پایان یافت. دوباره امتحان کنید؛ اگر تکرار شد، کد را به سازندگان به‌روزرسان بگویید.

# Small downloads.
failure-E-PATCH-BASE = کس دیگری { $name } را تغییر داده است، بنابراین تفاوت‌ها جور نیست. دوباره امتحان کنید تا همهٔ آن دریافت شود.
failure-E-PATCH-FORMAT = این به‌روزرسان این نوع تفاوت را نمی‌شناسد. دوباره امتحان کنید تا همهٔ آن دریافت شود.
failure-E-PATCH-MATCH = بخش‌های مشترک دو نسخه پیدا نشد: یا یکی از پرونده‌ها خیلی بزرگ بود یا حافظه کافی نبود. بعداً دوباره امتحان کنید.
failure-E-PATCH-MEMORY = این تفاوت بیش از حد مجاز حافظه می‌خواهد. دوباره امتحان کنید تا همهٔ آن دریافت شود.
failure-E-PATCH-ARTIFACT = این تفاوت به نسخه‌ای جز آنچه باید می‌رسد، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-MALFORMED = این تفاوت خواندنی نیست، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-TRUNCATED = این تفاوت ناقص است، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-TRAILING = این تفاوت بلندتر از آن است که باید، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-TOO-LONG = این تفاوت بیش از آنچه امضا شده است داده می‌سازد، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-RESULT = آنچه از این تفاوت به دست آمد همانی نیست که ناشر امضا کرده است، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-HASH = این تفاوت همانی نیست که ناشر امضا کرده است، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-COMPRESS = این تفاوت از حالت فشرده خارج نشد، بنابراین کنار گذاشته شد. بعداً دوباره امتحان کنید.
failure-E-PATCH-SIZE = این تفاوت از کل نسخه کوچک‌تر نیست، بنابراین از آن استفاده نمی‌شود. بعداً دوباره امتحان کنید؛ اگر ادامه داشت، به ناشر بگویید.
failure-E-PATCH-NOT-MADE = سرور به‌روزرسانی تفاوت را به‌موقع نساخت. بعداً دوباره امتحان کنید.
failure-E-PATCH-READ = تفاوت از دیسک خوانده نشد. دوباره امتحان کنید؛ اگر زیاد پیش می‌آید، دیسک را بررسی کنید.
failure-E-PATCH-READ-BASE = { $name } از دیسک خوانده نشد. مجوزهایش را بررسی کنید و دوباره امتحان کنید.
failure-E-PATCH-WRITE = نسخهٔ جدید نوشته نشد. فضای خالی را بررسی کنید و دوباره امتحان کنید.

# Running programs.
failure-E-RUN-OPEN = { $name } به‌موقع بسته نشد و هیچ برنامه‌ای به‌زور بسته نمی‌شود. خودتان آن را ببندید و دوباره امتحان کنید: به‌روزرسانی همچنان آماده است.
failure-E-RUN-ASK = نشد از { $name } خواست که بسته شود. خودتان آن را ببندید و دوباره امتحان کنید: به‌روزرسانی همچنان آماده است.
failure-E-RUN-LIST = مشخص نیست { $name } در حال اجراست یا نه. خودتان آن را ببندید و دوباره امتحان کنید: به‌روزرسانی همچنان آماده است.
failure-E-RUN-START = { $name } دوباره اجرا نشد. خودتان آن را اجرا کنید؛ پاسخ سیستم در جزئیات آمده است.
failure-E-RUN-UNSUPPORTED = این سیستم راهی برای بستن و اجرای { $name } ندارد. آن را ببندید، دوباره امتحان کنید و خودتان اجرایش کنید.
failure-E-RUN-NOT-STARTED = نسخهٔ جدید { $name } اجرا نشد.
failure-E-RUN-ENDED = نسخهٔ جدید { $name } زودتر از موعد پایان یافت.
failure-E-RUN-HANGS = نسخهٔ جدید { $name } به‌موقع پاسخ نداد.
failure-E-RUN-CONFIRM = نسخهٔ جدید { $name } به‌موقع اعلام نکرد که کار می‌کند.
failure-E-RUN-UNWATCHED = این سیستم راهی نداشت تا معلوم شود نسخهٔ جدید { $name } درست کار می‌کند یا نه.
failure-E-RUN-INTERRUPTED = رایانه یا به‌روزرسان در میانهٔ کار ایستاد. دوباره امتحان کنید.
failure-E-RUN-HAND-OVER = به‌روزرسان نتوانست کار را به پردازه‌ای که جایگزینش می‌کند بسپارد، بنابراین همان‌طور که بود ماند. دوباره امتحان کنید.
failure-E-RUN-RUNTIME = به‌روزرسان نتوانست آنچه را لازم دارد از سیستم بگیرد. چند برنامه را ببندید و دوباره امتحان کنید.
failure-E-RUN-SOCKET = از خط فرمان نمی‌توان با به‌روزرسان گفت‌وگو کرد: سوکت آن ساخته نشد. در جزئیات آمده است که کجا.
failure-E-RUN-NO-ENGINE = اینجا به‌روزرسانی در حال اجرا نیست. برنامهٔ به‌روزرسان را اجرا کنید و دوباره امتحان کنید.
failure-E-RUN-NO-ANSWER = به‌روزرسان پاسخ نمی‌دهد. دوباره اجرایش کنید؛ اگر ادامه داشت، کد را به سازندگانش بگویید.
failure-E-RUN-ANSWER = پاسخ به‌روزرسان فهمیده نمی‌شود. دوباره اجرایش کنید تا همهٔ اجزایش یک نسخه باشند.

# What may be done here.
failure-E-POLICY-CONSENT = مشخص نیست کدام نسخهٔ { $name } نصب است. دوباره امتحان کنید و با جایگزینی آن موافقت کنید.
failure-E-POLICY-PLATFORM = برای این نوع رایانه نسخه‌ای منتشر نشده است.
failure-E-POLICY-SETTING = { $name } چیزی می‌خواهد که شدنی نیست. کد را به ناشرش بگویید.

# What the updater remembers.
failure-E-STATE-CANCELLED = متوقف شد. هر وقت خواستید دوباره امتحان کنید.
failure-E-STATE-DIED = یکی از مراحل به‌روزرسان زودتر از موعد پایان یافت. دوباره امتحان کنید؛ اگر تکرار شد، کد را به سازندگانش بگویید.
failure-E-STATE-HOME = پوشهٔ خانه‌ای نیست که به‌روزرسان یادداشت‌هایش را در آن نگه دارد. از سرپرست سیستم بخواهید.
failure-E-STATE-NEWER = به‌روزرسان جدیدتری اینجا کار کرده است. این به‌روزرسان را به‌روز کنید و دوباره امتحان کنید.
failure-E-STATE-READ = دانسته‌های به‌روزرسان خوانده نشد. مجوزهای پوشهٔ آن را بررسی کنید؛ در جزئیات آمده است که کجاست.
failure-E-STATE-WRITE = دانسته‌های به‌روزرسان نوشته نشد. مجوزهای پوشهٔ آن و فضای خالی را بررسی کنید.
failure-E-STATE-SETTING = یکی از فایل‌های تنظیمات اشتباهی دارد. در جزئیات آمده است که در کدام سطر.
failure-E-STATE-RANDOM = سیستم عددهای تصادفی را که به‌روزرسان لازم دارد نداد. دوباره امتحان کنید.
failure-E-STATE-NO-STAGE = دیگر نسخهٔ جدید آماده‌ای نیست. دوباره امتحان کنید تا از نو دریافت شود.
failure-E-STATE-NO-PREVIOUS = نسخهٔ قبلی نگه داشته نشده است، بنابراین چیزی برای بازگشت نیست. { $name } همان‌طور که هست می‌ماند.
failure-E-STATE-PREVIOUS-DAMAGED = نسخهٔ قبلی که نگه داشته شده بود آسیب دیده است، بنابراین بازگردانده نمی‌شود. { $name } همان‌طور که هست می‌ماند.
failure-E-STATE-NO-PROBATION = نسخهٔ جدیدی برای سنجش نیست. { $name } همان‌طور که هست می‌ماند.
failure-E-STATE-UNFINISHED = آخرین به‌روزرسانی { $name } هنوز در حال آزمایش است. پس از پایان آن دوباره امتحان کنید.

## The window: what happened here.

history-empty = هنوز اینجا چیزی رخ نداده است.
history-empty-hint = به‌روزرسانی‌ها، تعمیرها و آنچه کار نکرد اینجا می‌آید، با حجم دانلود و راه بازگردانی.
history-older = نمایش قدیمی‌ترها
history-title = { $name } نسخهٔ { $version }
history-today = امروز
history-yesterday = دیروز
history-saved = نصب شد. { $fetched } دانلود و { $saved } صرفه‌جویی شد.
history-full = نصب شد. { $fetched } به‌طور کامل دانلود شد.
history-nothing = نصب شد. داده‌ها از پیش اینجا بودند و چیزی دانلود نشد.
history-repaired = دوباره مرتب شد. { $fetched } دانلود شد.
history-back =
    { $to ->
        [none] نسخهٔ قبلی برگردانده شد.
       *[other] { $to } برگردانده شد.
    }
history-failed = این کار انجام نشد. جزئیات دلیلش را می‌گوید.
history-fell-back = { $why } راه دیگری در پیش گرفته شد.

## The window: settings. What can be set, its values, and who said so.

settings-general = عمومی
settings-when = چه وقت
settings-version = نسخه
settings-network = شبکه
settings-all-hint = آنچه اینجا تنظیم شود برای هر برنامه‌ای است که تنظیم خودش را ندارد.
start-at-login-hint = برنامه‌ها را بدون باز کردن این پنجره به‌روز نگه می‌دارد
setting-mode = به‌روزرسانی‌ها
mode-automatic = خودکار
mode-automatic-hint = وقتی مزاحم کسی نباشد دانلود و نصب می‌کند
mode-download = فقط دانلود
mode-download-hint = دانلود می‌کند؛ زمان بازگشایی را شما انتخاب می‌کنید
mode-ask = از من بپرس
mode-ask-hint = تا شما نگویید چیزی دانلود نمی‌شود
mode-off = خاموش
mode-off-hint = هیچ چیز خودبه‌خود بررسی نمی‌شود
setting-quiet-hours = ساعت سکوت
quiet-hours-hint = در این ساعت‌ها هیچ کاری خودبه‌خود انجام نمی‌شود
quiet-hours-begin = از
quiet-hours-end = تا
quiet-hours-span = { $begin } تا { $end }
value-none = هیچ
setting-metered = شبکهٔ حجمی
metered-hint = جایی که هزینهٔ شبکه بر اساس حجم است
metered-wait = صبر کن
metered-small = فقط دانلودهای کوچک
metered-allow = مجاز
setting-battery = با باتری
battery-hint = زیر { $percent } منتظر شارژر می‌ماند
battery-wait = هنگام کم بودن صبر می‌کند
battery-ignore = صبر نمی‌کند
setting-channel = کانال
channel-hint = کدام نسخه‌ها پیشنهاد شوند
channel-stable = پایدار
channel-beta = آزمایشی
setting-pin = ماندن در یک نسخه
pin-to = ماندن در { $version }
pin-hint = نسخه‌های جدیدتر تا خاموش کردن این گزینه صبر می‌کنند
skipped-versions = رد شده: { $versions }
skipped-hint = خودبه‌خود پیشنهاد نمی‌شود
on-hold-title = نگه داشته شده
on-hold-hint = چیز جدیدتری پیشنهاد نمی‌شود
setting-check-every = بررسی به‌روزرسانی
check-every-hint = حداکثر هر چند وقت
check-every = هر { $span }
setting-proxy = پراکسی
proxy-hint = نشانی جداگانه را در فایل تنظیمات بنویسید
proxy-system = از سیستم
proxy-off = هیچ
setting-language = زبان
language-system = مانند سیستم
setting-look = ظاهر
setting-allowed-hours = ساعت‌های مجاز
setting-defer-days = روزهایی که دیگران زودتر می‌آزمایند
setting-sources = کارسازهای به‌روزرسانی
setting-patch-memory-mib = حافظه برای دریافت‌های کوچک
look-system = مانند سیستم
look-light = روشن
look-dark = تیره
pause-title = توقف به‌روزرسانی‌ها
pause-day = یک روز
pause-week = یک هفته
pause-until-resumed = تا ادامه دهم
set-by-default = پیش‌فرض
set-by-enrolment = از فایل ثبت
set-by-person = انتخاب شما
set-by-administrator = سرپرست سیستم
setting-reset = بازگشت به پیش‌فرض
setting-reset-app = مانند همهٔ برنامه‌ها
setting-inherited = مانند همهٔ برنامه‌ها
setting-refused = این تغییر نکرد. مثل قبل مانده است.
locked-by-administrator = تنظیم‌شده به دست سرپرست سیستم

## The window: support. A program looked at, what can be tried, and what may be sent to whoever helps.

support-why = چرا به‌روزرسانی نیست؟
support-decided = قاعده‌ای که نه گفت: «{ $rule }»
support-program = برنامه
support-check = آخرین بررسی
support-settings = تنظیمات جاری
support-rules = قاعده‌های آخرین تصمیم
support-rules-show = نمایش قاعده‌ها
support-rules-hide = پنهان کردن قاعده‌ها
support-rules-none = هنوز هیچ بررسی‌ای قاعده‌ای را نپرسیده است.
support-try = کاری امتحان کنید
diagnostics-copy = کپی اطلاعات عیب‌یابی
diagnostics-export = ذخیره در فایل
diagnostics-log = باز کردن گزارش
diagnostics-copied = کپی شد. نام و گذرواژه‌ای در آن نیست.
diagnostics-by-hand = به بریده‌دان دسترسی نیست. این متن را خودتان کپی کنید:
diagnostics-written = در { $path } نوشته شد
fact-version = نسخه
fact-unreadable = خوانده نمی‌شود
fact-checksum = جمع‌آزما
fact-signed = همان که ناشر امضا کرده است
fact-unsigned = معلوم نیست نسخهٔ منتشرشده باشد
fact-path = نصب‌شده در
fact-owner = متعلق به { $user }
fact-replaceable = جایگزین‌شدنی است
fact-enrolled = ثبت‌شده به دست
enrolled-by-machine = سرپرست سیستم
enrolled-by-user = شما
enrolled-by-program = خود برنامه
fact-channel = کانال
fact-group = گروه انتشار
fact-group-of = { $group } از { $groups }
fact-holds = نگه‌داشته‌ها
fact-floor = نه قدیمی‌تر از
fact-last-check = آخرین بررسی
fact-never = هرگز
asked-by-timer = خودبه‌خود
asked-by-person = شما خواستید
asked-by-insisting = شما خواستید، بدون نوبت و نسخه‌های ردشده
fact-result = نتیجه
fact-next-check = بررسی بعدی
fact-not-planned = برنامه‌ریزی نشده
fact-server = سرور
fact-proxy = پراکسی
fact-free = فضای خالی
fact-free-needed = حجم به‌روزرسانی { $size } است
try-force = بررسی کامل
try-force-hint = نوبت‌ها و نسخه‌های ردشده را نادیده می‌گیرد
try-full = دانلود کامل
try-full-hint = به فایل نصب‌شده تکیه نمی‌کند
try-repair = تعمیر
try-repair-hint = آنچه را آسیب دیده دوباره دانلود می‌کند
try-roll-back = بازگشت به { $version }
try-roll-back-hint = { $name } دوباره باز می‌شود؛ فایل‌های شما می‌مانند
try-hold = همین‌طور بماند
try-hold-hint = تا نگویید چیز جدیدتری پیشنهاد نمی‌شود
try-version = انتخاب نسخه
try-version-open = انتخاب
try-version-close = بستن
version-known = آخرین بررسی این‌ها را می‌شناخت: { $versions }
version-installed = نصب شده
verdict-pass = مانعی نیست
verdict-stop = می‌گوید نه
verdict-overridden = می‌گفت نه، اما خواست شما مهم‌تر است
try-roll-back-button = بازگشت

## The rules, by name, as support reads them.

rule-schedule = زمان بررسی
rule-identity = کدام نسخه نصب است
rule-sound = دادهٔ نصب‌شده از یک انتشار است
rule-platform = برای این نوع رایانه ساخته شده است
rule-channel = کانال آن را عرضه می‌کند
rule-newer = از نسخهٔ نصب‌شده جدیدتر است
rule-floor = نه پایین‌تر از نسخه‌ای که اینجا خوب بود
rule-known-bad = نه آنچه اینجا درست کار نکرد
rule-undone = نه آنچه دستی برگردانده شد
rule-min-os = سیستم به‌اندازهٔ کافی جدید است
rule-os-pin = آنچه ناشر برای این سیستم ثابت کرده است
rule-control = فهرست ناشر دربارهٔ دریافت‌کنندگان درست است
rule-halt = ناشر متوقفش نکرده است
rule-recall = ناشر پسش نگرفته است
rule-percentage = نوبت این رایانه است
rule-skip = شما ردش نکرده‌اید
rule-hold = برنامه نگه داشته نشده است
rule-pin = نسخه‌ای که در آن می‌ماند
rule-age = چه مدت نخست دیگران به کار ببرند
rule-turned-off = سرپرست سیستم اجازهٔ به‌روزرسانی می‌دهد
rule-pause = به‌روزرسانی‌ها متوقف نیستند
rule-quiet-hours = ساعت سکوت شما نیست
rule-allowed-hours = ساعت‌های سرپرست سیستم
rule-busy = برنامه مشغول نیست
rule-metered = هزینهٔ شبکه حجمی نیست
rule-battery = باتری به‌اندازهٔ کافی شارژ دارد
rule-notify = می‌توان خبر داد
rule-consent = شما موافقت کرده‌اید
rule-download-gate = چه چیزی بی‌پرسش دانلود شود
rule-restart-gate = چه وقت بی‌پرسش دوباره باز شود
rule-patch = تفاوتی که به کار می‌آید
rule-route = کم‌هزینه‌ترین راه

## What one program is at: its card in the window, its line in the tray's menu.

state-idle = Not checked yet
state-checking = Looking for an update
state-up-to-date = Up to date
state-nothing-newer = No newer version was offered
state-cannot-verify = Cannot tell whether there is an update
state-available = Version { $version } is available
state-stopped = Download of { $version } stopped
state-deferred-metered = Version { $version } waits for another network
state-deferred-hours = Version { $version } waits for its hours
state-deferred-busy = Version { $version } waits, the program is busy
state-deferred-battery = Version { $version } waits for the charger
state-deferred-paused = Version { $version } waits, updates are paused
state-getting = Getting version { $version }
state-ready = Version { $version } is ready
state-ready-at-quit = Version { $version } comes when the program is closed
state-ready-tonight = Version { $version } comes tonight
state-ready-counting = Restarting with version { $version } in a moment
state-waiting-for-close = Waiting for { $name } to close
state-restarting = Restarting with version { $version }
state-probation = Seeing whether version { $version } runs well
state-updated = Updated to { $version }
state-repaired = Version { $version } is in order again
state-rolling-back = Putting the previous version back
state-rolled-back = Went back to { $version }
state-rolled-back-unknown = Went back to the previous version
state-failed = Version { $version } could not be installed
state-failed-check = The check did not work
state-disabled = Not checked by itself
state-disabled-by-machine = Checks are turned off by your administrator

## Why there is something, but not for this computer now.

not-offered-nothing-for-platform = Nothing for this kind of computer
not-offered-os-too-old =
    { $version ->
        [none] The newest version needs a newer system
       *[other] Version { $version } needs a newer system
    }
not-offered-os-pinned = Held at an older version for this system by its publisher
not-offered-not-yet =
    { $version ->
        [none] The newest version comes to this computer later
       *[other] Version { $version } comes to this computer later
    }
not-offered-halted =
    { $version ->
        [none] The newest version was halted by its publisher
       *[other] Version { $version } was halted by its publisher
    }
not-offered-recalled = This version was recalled by its publisher
not-offered-control-unverified = It is not clear who gets the update
not-offered-known-bad =
    { $version ->
        [none] The newest version did not run well here
       *[other] Version { $version } did not run well here
    }
not-offered-below-floor = Only older versions are on offer
not-offered-undone =
    { $version ->
        [none] The newest version was undone here
       *[other] Version { $version } was undone here
    }
not-offered-skipped =
    { $version ->
        [none] The newest version is skipped
       *[other] Version { $version } is skipped
    }
not-offered-on-hold =
    { $version ->
        [none] On hold
       *[other] On hold: version { $version } has to wait
    }
not-offered-pinned = Kept at its version
not-offered-too-young =
    { $version ->
        [none] The newest version comes here later
       *[other] Version { $version } comes here later
    }
not-offered-turned-off = Updates are turned off by your administrator

## All programs in one line: the tray's title and first menu line, the window's headline.

summary-empty = No programs yet
summary-problems = An entry cannot be read
summary-paused = Updates are paused
summary-idle = Not checked yet
summary-up-to-date = Everything is up to date
summary-nothing-to-install = Nothing to install right now
summary-held =
    { $count ->
        [one] { $count } program is not checked
       *[other] { $count } programs are not checked
    }
summary-available =
    { $count ->
        [one] { $count } update is available
       *[other] { $count } updates are available
    }
summary-working =
    { $count ->
        [one] Working on { $count } program
       *[other] Working on { $count } programs
    }
summary-ready =
    { $count ->
        [one] { $count } update is ready
       *[other] { $count } updates are ready
    }
summary-attention =
    { $count ->
        [one] { $count } program needs you
       *[other] { $count } programs need you
    }
summary-critical =
    { $count ->
        [one] { $count } urgent update
       *[other] { $count } urgent updates
    }

## The same, where one program has the news.

one-state-checking = Looking for an update of { $name }
one-state-cannot-verify = Cannot tell whether { $name } is up to date
one-state-available = { $name } { $version } is available
one-state-stopped = The download of { $name } { $version } is stopped
one-state-deferred-metered = { $name } { $version } is waiting
one-state-deferred-hours = { $name } { $version } is waiting
one-state-deferred-busy = { $name } { $version } is waiting
one-state-deferred-battery = { $name } { $version } is waiting
one-state-deferred-paused = { $name } { $version } is waiting
one-state-getting = Getting { $name } { $version }
one-state-ready = { $name } { $version } is ready
one-state-ready-at-quit = { $name } { $version } comes when it is closed
one-state-ready-tonight = { $name } { $version } comes tonight
one-state-ready-counting = { $name } restarts with { $version } in a moment
one-state-waiting-for-close = Waiting for { $name } to close
one-state-restarting = Restarting { $name } with version { $version }
one-state-probation = Seeing whether { $name } { $version } runs well
one-state-rolling-back = Putting the previous version of { $name } back
one-state-rolled-back = { $name } is back on { $version }
one-state-rolled-back-unknown = { $name } is back on its previous version
one-state-failed = { $name } { $version } could not be installed
one-state-failed-check = { $name } could not be checked
one-state-disabled = { $name } is not checked by itself
one-state-disabled-by-machine = Checks of { $name } are turned off by your administrator
one-not-offered-halted =
    { $version ->
        [none] The newest version of { $name } was halted by its publisher
       *[other] { $name } { $version } was halted by its publisher
    }
one-not-offered-recalled = The version of { $name } was recalled by its publisher
one-not-offered-control-unverified = It is not clear who gets the update of { $name }
one-not-offered-undone =
    { $version ->
        [none] The newest version of { $name } was undone here
       *[other] { $name } { $version } was undone here
    }
one-not-offered-skipped =
    { $version ->
        [none] The newest version of { $name } is skipped
       *[other] { $name } { $version } is skipped
    }
one-not-offered-on-hold = { $name } is on hold
one-not-offered-pinned = { $name } is kept at its version
one-not-offered-turned-off = Updates of { $name } are turned off by your administrator

## What a person can do: buttons of the window, lines of the tray's menu, the notification's button.

act-check = Check now
act-install = Install
act-replace = Replace and install
act-restart = Restart to update
act-cancel = Cancel
act-pause = Pause
act-resume = Resume
act-retry = Try again
act-roll-back = Undo
act-roll-back-to = Go back to { $version }
act-tonight = Tonight
act-at-quit = When it is closed
act-postpone = Not now
act-skip = Skip this version
act-hold = Hold
act-release = Offer again
act-force = Check for real
act-full = Download in full
act-repair = Repair

## The tray's menu.

menu-open = Open
menu-quit = Quit
menu-whats-new = What’s new
menu-pause = Pause updates
menu-resume = Resume updates
menu-help = Help
menu-why = Why no update?
menu-export = Export diagnostics
menu-log = Open log
menu-packaged = Updated by your package manager
menu-program = { $name } { $version }: { $words }
menu-program-unknown = { $name }: { $words }

## Notifications.

notice-ready = { $name } { $version } is ready
notice-ready-body = Restart to update. { $name } opens again where it was.
notice-ready-again = { $name } { $version } is still ready
notice-available = { $name } { $version } is available
notice-available-body = It is not downloaded before you say so.
notice-counting = { $name } restarts in a minute
notice-counting-body = Version { $version } is put in place, as you planned. { $name } opens again where it was.
notice-updated = { $name } was updated to { $version }
notice-updated-body = The previous version is kept, so you can go back.
notice-failing = { $name } could not be checked for some time
notice-failing-body = What is installed keeps working. Support shows what is in the way.
notice-answer-body = You asked for this check.
notice-exported = Diagnostics
notice-exported-body = Written to { $file }. Look at it before you send it.
notice-rolled-back = { $name } is back on { $version }
notice-rolled-back-unknown = { $name } is back on its previous version
notice-rolled-back-body = The new version did not run well, so the old one was put back.

notice-no-tray = No icon can be shown here
notice-no-tray-body = Nothing on this desktop shows tray icons. Updates go on, and notifications tell you about them. To see more, start autoupdate from the list of programs.

## The window: its frame, the headline's second line, and what is true for all programs.

window-title = Updates
window-lost = This window cannot reach the updater. Close it and open it again from the tray or the list of programs.
summary-note-working = You can keep working.
checked-now = Checked just now.
checked-ago = Checked { $span } ago.
next-check = Next: { $moment }.
version-unknown = version unknown
act-check-one = Check now: { $name }
act-too-late = This has changed in the meantime. Look at what is shown now.
act-refused = The updater did not take this. Try again in a moment.
export-refused = The file could not be written. Look at the free space and the rights of your folders.
log-refused = Nothing here opens the log. It lies in { $folder }.
empty-how = No program is kept up to date yet. A program is added with its enrolment, a small file from its publisher:
empty-file = FILE is the path of that file. Type the command in a terminal; the program then shows up here by itself.
problem-title = This enrolment cannot be used
problem-line-key = Line { $line }, { $key }:
problem-line = Line { $line }:
problem-key = { $key }:
problem-hint = Its program is not kept up to date until the file is mended. All others are.
no-tray = There is no tray here, so no icon can be shown. Updates go on, and notifications and this window tell you about them. Closed, it opens again when you start this program.
start-at-login = Start when I log in
start-at-login-entry = The entry { $file } could not be changed. Look at the rights of its folder and the free space; it is as it was.
start-at-login-refused = This could not be changed. Your settings are as they were.
updater-version = Updater { $version }.
updater-packaged = This updater is updated by your package manager.
announce-state = { $name }: { $words }.
announce-progress = { $name }: { $percent }.
paused-until = Updates are paused until { $moment }.
paused-open = Updates are paused until you resume them.
paused-hint = Nothing is downloaded or installed by itself. You still can.
pause-resume = Resume
panels = Parts of this window
panel-updates = Updates
panel-history = History
panel-settings = Settings
panel-support = Support
panel-lost = This could not be read just now. It is read again as soon as something changes.
all-programs = All programs
pick-program = Program
announce-resumed = Updates go on.

## The window: what a card says below its state.

available-unknown = Nobody knows which version of { $name } is installed: its bytes are in no release of its publisher. It is replaced with { $version } if you agree.
available-size = Downloads { $size } at most, and less where only the difference is needed. { $name } keeps running meanwhile.
available-size-unknown = Nobody signed how large it is, so the size is known when it is here. { $name } keeps running meanwhile.
stopped-at = { $count } are kept, and it goes on from there when you like. By itself it does not.
stopped-at-once = It goes on when you like. By itself it does not.
offer-important = This update is important.
notes-title = What is new in { $version }
notes-all = Show all notes
notes-less = Show fewer notes
progress-starting = Looking for the smallest download
progress-downloading = Downloading
progress-downloading-all = Downloading all of it
progress-verifying = Checking the download
progress-amount = { $count } of { $of }
progress-amount-open = { $count } so far
progress-left = about { $span } left
progress-left-moment = a moment left
saving-patch = Only the difference to { $from } is downloaded: { $fetched } instead of { $full }.
saving-patch-unknown = Only the difference is downloaded: { $fetched } instead of { $full }.
saving-compressed = All of it is downloaded, packed: { $fetched } instead of { $full }.
verifying-hint = Every byte is compared with what the publisher signed.
gave-up-damaged = The small download was not what the publisher signed, so it was thrown away.
gave-up-network = The small download broke off on its way.
gave-up-base = The small download starts from other bytes than those that are installed here.
gave-up-memory = The small download needs more memory than this computer may give it.
gave-up-not-made = The server did not make the small download in time.
gave-up-patch = The small download did not work here.
gave-up-other = The first way to get it did not work.
instead-patch = Another difference to { $version } is downloaded instead.
instead-full = All of { $version } is downloaded instead.
ready-restart = { $name } closes, is updated and opens again where it was.
waiting-blockers =
    { $count ->
        [one] { $blockers } is still open. Close it, and the update goes in by itself.
       *[other] { $blockers } are still open. Close them, and the update goes in by itself.
    }
waiting-until = Nothing is closed by force: what is still open at { $moment } stays open, and the update stays ready.
probation-until =
    { $from ->
        [none] If { $to } does not run well until { $moment }, the previous version comes back by itself.
       *[other] If { $to } does not run well until { $moment }, { $from } comes back by itself.
    }
updated-saved = Fetched { $fetched } instead of { $full }.
updated-full = Fetched { $fetched }.
updated-fetched-before = Nothing had to be fetched for this: the bytes were here.
updated-fell-back = A smaller download was tried first and did not work.
updated-still-old =
    { $count ->
        [one] One copy that is still open runs the previous version until it is closed.
       *[other] { $count } copies that are still open run the previous version until they are closed.
    }
updated-kept = { $version } is kept, so you can go back to it.
last-good = This could be told last: { $moment }.
nothing-newer-unproven = This source cannot prove that what is installed is the newest version.
failed-unchanged = { $name } is as it was.
disabled-by-machine = Your administrator turned off looking by itself. You can still look for an update here.
disabled-by-user = You turned off looking by itself for { $name }. You can still look for an update here.
disabled-by-program = { $name } turned off looking by itself. You can still look for an update here.
deferred-paused =
    { $moment ->
        [none] You paused updates. It comes when you resume them.
       *[other] You paused updates until { $moment }.
    }
deferred-quiet-hours =
    { $moment ->
        [none] It is your quiet time, and nothing happens by itself.
       *[other] It is your quiet time, and nothing happens by itself until { $moment }.
    }
deferred-outside-hours =
    { $moment ->
        [none] Your administrator allows updates at other hours.
       *[other] Your administrator allows updates at other hours: it goes on at { $moment }.
    }
deferred-busy =
    { $moment ->
        [none] { $name } said that it is busy and does not want to be disturbed.
       *[other] { $name } said that it is busy, until { $moment } at the latest.
    }
deferred-metered =
    { $limit ->
        [none] This network is paid by volume. The download waits for another one.
       *[other] This network is paid by volume, and the download is larger than { $limit }. It waits for another one.
    }
deferred-battery = The battery is at { $percent }. It waits for the charger.
deferred-anyway = It can be installed now all the same.
planned-at-quit = It goes in by itself as soon as { $name } is closed.
planned-at = It goes in by itself: { $moment }. { $name } closes, is updated and opens again where it was.
countdown = { $name } closes in { $span } and opens again where it was.
countdown-now = { $name } closes now and opens again where it was.
more-acts = More: { $name }

## Why a release is kept from this computer, in a sentence.

reason-nothing-for-platform = Its publisher has no release for this kind of computer on this channel. What is installed keeps working.
reason-os-too-old = It needs { $needs } or newer; this is { $has }. What is installed keeps working.
reason-os-unknown = It needs { $needs } or newer, and the version of this system is not known. What is installed keeps working.
reason-os-pinned = For this system its publisher offers { $version } and nothing newer.
reason-not-yet = It goes out in steps, so that problems show early. It has reached { $share } of all computers, and this one follows by itself.
reason-halted = Its publisher stopped it for now. It is offered again when they let it go on, or when there is a newer one.
reason-recalled = Its publisher took it back. As soon as there is a better one, it is offered here.
reason-control-unverified = The publisher's list of who gets it when is out of date or not rightly signed, so nobody gets it for now. It is looked at again by itself.
reason-known-bad = It was installed here before and did not run well, so it is not tried again. The next version is.
reason-below-floor = Version { $version } ran well here before, so nothing older is taken.
reason-undone = You went back from it, so it is not offered again by itself. The next version is.
reason-skipped = You skipped it. The next version is offered again.
reason-on-hold = It stays as it is until you let it be offered again.
reason-pinned =
    { $by ->
        [administrator] Your administrator keeps it at { $version }.
        [enrolment] Its enrolment keeps it at { $version }.
       *[other] You keep it at { $version }, until you say otherwise in its settings.
    }
reason-too-young = Your administrator lets others run it first. It comes here later: { $moment }.
reason-turned-off = Your administrator turned updates off. What is installed keeps working.

## Why the version before was put back, by the code of what was wrong.

rolled-back-by-person = You asked for the previous version.
rolled-back-recalled =
    { $version ->
        [none] Its publisher took the new version back.
       *[other] Its publisher took version { $version } back.
    }
rolled-back-unhealthy =
    { $version ->
        [none] The new version did not run well.
       *[other] Version { $version } did not run well.
    }
rolled-back-unproven =
    { $version ->
        [none] Whether the new version works could not be seen to the end. It may be tried again.
       *[other] Whether version { $version } works could not be seen to the end. It may be tried again.
    }
rolled-back-E-RUN-NOT-STARTED =
    { $version ->
        [none] The new version could not be started.
       *[other] Version { $version } could not be started.
    }
rolled-back-E-RUN-ENDED =
    { $version ->
        [none] The new version ended too early.
       *[other] Version { $version } ended too early.
    }
rolled-back-E-RUN-HANGS =
    { $version ->
        [none] The new version did not answer in time.
       *[other] Version { $version } did not answer in time.
    }
rolled-back-E-RUN-CONFIRM =
    { $version ->
        [none] The new version did not say in time that it works.
       *[other] Version { $version } did not say in time that it works.
    }
rolled-back-E-RUN-UNWATCHED =
    { $version ->
        [none] This system gave no way to see whether the new version runs well.
       *[other] This system gave no way to see whether version { $version } runs well.
    }
rolled-back-E-RUN-INTERRUPTED =
    { $version ->
        [none] The new version had not run well, and the computer stopped while it was being undone.
       *[other] Version { $version } had not run well, and the computer stopped while it was being undone.
    }
rolled-back-safe = The previous version was put back, byte for byte.
rolled-back-not-again = This version of { $name } is not offered here again by itself. The next one is.

## Details of what did not work: labels, steps, who can mend it.

details-show = Details
details-hide = Hide details
fact-code = Code
fact-step = Step
fact-actor = Who can mend it
fact-again = Next try
fact-text = Technically
again-at = by itself: { $moment }
again-by-itself = by itself, with the next check
again-by-hand = when you ask for it
phase-setup = reading settings
phase-check = looking for an update
phase-preflight = before the download
phase-fetch = download
phase-apply = putting the download together
phase-verify = comparing it with what was signed
phase-stage = laying the new version ready
phase-activate = putting the new version in place
phase-restart = closing and starting the program
phase-probation = seeing whether it runs well
phase-roll-back = putting the previous version back
actor-repository = its publisher
actor-network = the network, or whoever runs it
actor-machine = you, or your administrator
actor-bug = the makers of this updater

## What did not work, by code: what happened, and what to do. Unknown codes: by who can mend it.

failure-by-repository = What the publisher offers is not in order. Nothing of it was taken. It is tried again; if it stays so, tell the publisher the code.
failure-by-network = The network did not let it through. It is tried again when the network is better.
failure-by-machine = Something on this computer is in the way. The details say what.
failure-by-bug = The updater did something that it should not. Try again; if it happens again, tell its makers the code.

# The network.
failure-E-NET-DNS = The name of the update server was not found. Look whether you are online, then try again.
failure-E-NET-CONNECT = The update server could not be reached. Look whether you are online, then try again.
failure-E-NET-TLS = The update server could not prove who it is, so nothing was taken from it. Look at this computer's date; in a foreign network, try another one.
failure-E-NET-PROXY = The proxy on the way did not let it through. Look at its address, name and password in your system's settings.
failure-E-NET-BROKEN = The connection broke off. What has come is kept, and the next try goes on from there.
failure-E-NET-TIMEOUT = The update server took too long to answer. Try again later.
failure-E-NET-SLOW = The download came to a stop. What has come is kept, and the next try goes on from there.
failure-E-NET-PORTAL = Something else answered in place of the update server, often the login page of a network. Open a web page, log in, then try again.
failure-E-NET-REDIRECT = The update server sent us to a place that is not allowed, so nothing was taken. If it stays so, tell the publisher.
failure-E-NET-TOO-LONG = The update server sent more than it may, so it was thrown away. If it stays so, tell the publisher.
failure-E-NET-LENGTH = The update server sent another amount than was announced, so it was thrown away. Try again later.
failure-E-NET-CODING = The answer was repacked on its way and cannot be used. A proxy or filter may do that; try another network.
failure-E-NET-NOT-FOUND = The update server does not have the file that it should. Try again later; if it stays so, tell the publisher.
failure-E-NET-BUSY = The update server is busy. It is tried again later.
failure-E-NET-STATUS = The update server cannot answer now. Try again later.
failure-E-NET-CANCELLED = The download was stopped. What has come is kept, and the next try goes on from there.
failure-E-NET-CLIENT = The updater could not set up its connection. Start it again; if it stays so, tell its makers the code.

# The disk.
failure-E-DISK-FULL = There is not enough free space on the disk. Make some room, then try again.
failure-E-DISK-QUOTA = Your share of the disk is used up. Make some room or ask for more, then try again.
failure-E-DISK-INODES = The disk cannot hold more files. Remove some that you do not need, then try again.
failure-E-DISK-READ-ONLY = The disk that { $name } lies on cannot be written. Make it writable, then try again.
failure-E-DISK-IO = The disk did not do what it was asked. Try again; if it happens often, have the disk looked at.
failure-E-DISK-SYNC = The disk did not confirm that the bytes are safe, so they are not used. Have the disk looked at before you try again.
failure-E-DISK-SPOOL = The folder for downloads could not be read or written. Look at its rights and the free space, then try again.

# The program's file and its place.
failure-E-FILE-MISSING = { $name } is not where its enrolment says. Install it again, or mend the path in the enrolment.
failure-E-FILE-KIND = Where { $name } should be there is no plain file. The enrolment must name the program itself.
failure-E-FILE-PATH = The path of { $name } in its enrolment is not a whole one. Write it from the root of the disk.
failure-E-FILE-LINK = The path of { $name } leads through a link that somebody else could turn. Name the real place in its enrolment.
failure-E-FILE-FOLDER = Somebody else could replace { $name }, because of the rights of its folder. Let only its owner write there, or move the program.
failure-E-FILE-OWNER = { $name } belongs to somebody else on this computer. They or your administrator can update it.
failure-E-FILE-SETID = { $name } runs with its owner's rights, and such programs are not replaced. Ask your administrator.
failure-E-FILE-CAPABILITIES = { $name } has special rights that its file would lose, so it is not replaced. Ask your administrator.
failure-E-FILE-PACKAGED = { $name } is kept up to date by what installed it: your package manager, or the image that it is in.
failure-E-FILE-SHARED = { $name } is on a network share that other computers use. It is updated where it is stored.
failure-E-FILE-IMMUTABLE = { $name } is marked so that nobody can change it. Take the mark away to allow updates.
failure-E-FILE-PERMISSION = You may not write where { $name } lies. Run the update as somebody who may, or ask your administrator.
failure-E-FILE-MOUNTED = { $name } comes from another disk than its folder. Update it where it comes from.
failure-E-FILE-PRIVATE = The folder that the updater keeps beside { $name } is not as it should be. The details say which one; look at it, then remove it.
failure-E-FILE-STAGE = The new version was touched after it was laid ready, so it is not used. The next try fetches it again.
failure-E-FILE-LENGTH = What came has another size than the publisher signed, so it was thrown away. Try again later; if it stays so, tell the publisher.
failure-E-FILE-HASH = What came is not what the publisher signed, so it was thrown away. Try again later; if it stays so, tell the publisher.
failure-E-FILE-COMPRESSED = What came could not be unpacked, so it was thrown away. Try again later; if it stays so, tell the publisher.
failure-E-FILE-ATTRIBUTE = A mark of { $name }'s file could not be given to the new version, so it was left alone. The details say which one.
failure-E-FILE-CHANGED = Somebody else changed { $name } at the same time, so it was left alone. Try again.
failure-E-FILE-MOVED = { $name } was moved or replaced at the same time, so it was left alone. Try again.
failure-E-FILE-RACED = Somebody else wrote to { $name } at the same moment, and the old version was put back. Try again.
failure-E-FILE-BUSY = { $name } is in use just now. Close it, then try again.
failure-E-FILE-NO-ROUTE = There is no way to get this version from its publisher. Try again later; if it stays so, tell the publisher.
failure-E-FILE-DIED = A step of the updater ended too early. Try again; if it happens again, tell its makers the code.
failure-E-FILE-OWN-PATH = The updater cannot tell where it lies itself. Start it again; if it stays so, install it again.
failure-E-FILE-RUNTIME = The folder that the updater talks through could be used by others. Look at its rights; the details say which one.

# Somebody else is at work.
failure-E-LOCK-HELD = Another updater is at work on { $name }. It is tried again when that one is done.
failure-E-LOCK-ENGINE = An updater is running already. Use that one, or close it first.
failure-E-LOCK-STATE = Another updater is writing down what it knows just now. Try again in a moment.

# What the publisher signed.
failure-E-META-EXPIRED = The publisher's word about the newest version has run out, so nobody can say what is newest. If this computer's date is right, it has to come from the publisher.
failure-E-META-SIGNATURE = What the update server sent is not signed by the publisher, so nothing was taken from it. Try again later; if it stays so, tell the publisher.
failure-E-META-ROLLBACK = The update server sent an older list than before, so nothing was taken from it. Try again later; if it stays so, tell the publisher.
failure-E-META-INTEGRITY = The update server sent a list that does not fit the signed one, so nothing was taken from it. Try again later; if it stays so, tell the publisher.
failure-E-META-MALFORMED = The update server sent a list that cannot be read, so nothing was taken from it. Try again later; if it stays so, tell the publisher.
failure-E-META-LIMIT = The update server sent a list that is longer than allowed, so nothing was taken from it. If it stays so, tell the publisher.
failure-E-META-MISSING = A file that the publisher's list names is not on the update server. Try again later; if it stays so, tell the publisher.
failure-E-META-NAME = The publisher's list names a file that cannot exist. If it stays so, tell the publisher.
failure-E-META-KEY = The publisher's list names a key that cannot be trusted, so nothing was taken from it. If it stays so, tell the publisher.
failure-E-META-KEY-REPLACED = The publisher changed keys, so the list is fetched anew. Try again.
failure-E-META-DELEGATION = The publisher's list lets somebody sign who may not, so nothing was taken from it. If it stays so, tell the publisher.
failure-E-META-NOT-DELEGATED = The publisher lets nobody sign for { $name } any more. If it stays so, tell the publisher.
failure-E-META-NOT-PINNED = The publisher's list does not cover { $name }, so nothing can be verified. If it stays so, tell the publisher.
failure-E-META-NOT-STORED = What was verified before is not here any more. Try again, and it is fetched anew.
failure-E-META-ROOT-VERSION = The publisher's keys came in the wrong order, so nothing was taken. Try again later; if it stays so, tell the publisher.
failure-E-META-ROOT-FILE = The file with the publisher's keys cannot be read. The details say where it should be; put it back or enrol { $name } again.
failure-E-META-ROOT-PIN = The file with the publisher's keys is not the one that { $name } was enrolled with. Put the right one back or enrol { $name } again.
failure-E-META-PINNED-ROOT = The keys that { $name } was enrolled with are not in order. Get a new enrolment from its publisher.
failure-E-META-NO-SOURCE = The enrolment of { $name } names no update server. Add one, or get a new enrolment from its publisher.
failure-E-META-PROVIDER = The updater could not set up its signature check. Start it again; if it stays so, tell its makers the code.
failure-E-META-DIED = A step of the check ended too early. Try again; if it happens again, tell its makers the code.

# A Lantern server: one key signs, and nothing proves what is newest.
failure-E-LANTERN-KEY = The key that { $name } was enrolled with cannot be used to check programs. Get a new enrolment from its publisher.
failure-E-LANTERN-KEY-FILE = The file with the publisher's key cannot be read. The details say where it should be; put it back or enrol { $name } again.
failure-E-LANTERN-KEY-PIN = The file with the publisher's key is not the one that { $name } was enrolled with. Put the right one back or enrol { $name } again.
failure-E-LANTERN-UNSUPPORTED = The update server has nothing for this kind of computer, or could not make what it wanted to offer. Try again later; if it stays so, tell the publisher.
failure-E-LANTERN-ANSWER-SIGNATURE = What the update server answered is not signed by the publisher's key, so nothing was taken from it. Try again later; if it stays so, tell the publisher.
failure-E-LANTERN-ANSWER = What the update server answered is signed, but cannot be used. Try again later; if it stays so, tell the publisher.
failure-E-LANTERN-URL = The update server named an address that is not allowed, so nothing was taken from it. If it stays so, tell the publisher.
failure-E-LANTERN-SIGNATURE = The new version is not signed by the publisher's key, so it is not installed. Try again later; if it stays so, tell the publisher.
failure-E-LANTERN-PATCH = The small download that the update server named must not be used, so all of it is fetched. If it stays so, tell the publisher.
failure-E-LANTERN-CHECKSUM = What came is not what the publisher signed, so it was thrown away. Try again later; if it stays so, tell the publisher.
failure-E-LANTERN-COMPRESSED = What came could not be unpacked, so it was thrown away. Try again later; if it stays so, tell the publisher.
failure-E-LANTERN-TOO-LONG = What came is larger than any program that is taken unmeasured, so it was thrown away. If it stays so, tell the publisher.

# Small downloads.
failure-E-PATCH-BASE = { $name } was changed by somebody else, so the difference does not fit. Try again, and all of it is fetched.
failure-E-PATCH-FORMAT = The difference is of a kind that this updater does not know. Try again, and all of it is fetched.
failure-E-PATCH-MATCH = What the two versions have in common could not be found: a file was too large, or memory too little. Try again later.
failure-E-PATCH-MEMORY = The difference needs more memory than allowed. Try again, and all of it is fetched.
failure-E-PATCH-ARTIFACT = The difference leads to another version than it should, so it was thrown away. Try again later.
failure-E-PATCH-MALFORMED = The difference cannot be read, so it was thrown away. Try again later.
failure-E-PATCH-TRUNCATED = The difference is cut off, so it was thrown away. Try again later.
failure-E-PATCH-TRAILING = The difference is longer than it should be, so it was thrown away. Try again later.
failure-E-PATCH-TOO-LONG = The difference makes more bytes than were signed, so it was thrown away. Try again later.
failure-E-PATCH-RESULT = What came of the difference is not what the publisher signed, so it was thrown away. Try again later.
failure-E-PATCH-HASH = The difference is not what the publisher signed, so it was thrown away. Try again later.
failure-E-PATCH-COMPRESS = The difference could not be unpacked, so it was thrown away. Try again later.
failure-E-PATCH-SIZE = The difference is not smaller than the whole, so it is not used. Try again later; if it stays so, tell the publisher.
failure-E-PATCH-NOT-MADE = The update server did not make the difference in time. Try again later.
failure-E-PATCH-READ = The difference could not be read from the disk. Try again; if it happens often, have the disk looked at.
failure-E-PATCH-READ-BASE = { $name } could not be read from the disk. Look at its rights, then try again.
failure-E-PATCH-WRITE = The new version could not be written. Look at the free space, then try again.

# Running programs.
failure-E-RUN-OPEN = { $name } did not close in time, and nothing is closed by force. Close it yourself, then try again: the update is still ready.
failure-E-RUN-ASK = { $name } could not be asked to close. Close it yourself, then try again: the update is still ready.
failure-E-RUN-LIST = Whether { $name } is running cannot be told. Close it yourself, then try again: the update is still ready.
failure-E-RUN-START = { $name } could not be started again. Start it yourself; the details say what the system said.
failure-E-RUN-UNSUPPORTED = This system gives no way to close and start { $name }. Close it, try again, and start it yourself.
failure-E-RUN-NOT-STARTED = The new version of { $name } could not be started.
failure-E-RUN-ENDED = The new version of { $name } ended too early.
failure-E-RUN-HANGS = The new version of { $name } did not answer in time.
failure-E-RUN-CONFIRM = The new version of { $name } did not say in time that it works.
failure-E-RUN-UNWATCHED = This system gave no way to see whether the new version of { $name } runs well.
failure-E-RUN-INTERRUPTED = The computer or the updater stopped in the middle. Try again.
failure-E-RUN-HAND-OVER = The updater could not hand over to the process that replaces it, so it stays as it is. Try again.
failure-E-RUN-RUNTIME = The updater could not get what it needs from the system. Close some programs, then try again.
failure-E-RUN-SOCKET = The updater cannot be talked to from the command line: its socket could not be made. The details say where.
failure-E-RUN-NO-ENGINE = No updater is running here. Start it, then try again.
failure-E-RUN-NO-ANSWER = The updater does not answer. Start it again; if it stays so, tell its makers the code.
failure-E-RUN-ANSWER = The updater answers in a way that is not understood. Start it again, so that all of it has the same version.

# What may be done here.
failure-E-POLICY-CONSENT = Nobody knows which version of { $name } is installed. Try again and agree to replace it.
failure-E-POLICY-PLATFORM = There are no releases for this kind of computer.
failure-E-POLICY-SETTING = { $name } asks for something that cannot be. Tell its publisher the code.

# What the updater remembers.
failure-E-STATE-CANCELLED = It was stopped. Try again when you like.
failure-E-STATE-DIED = A step of the updater ended too early. Try again; if it happens again, tell its makers the code.
failure-E-STATE-HOME = There is no home folder where the updater could keep its notes. Ask your administrator.
failure-E-STATE-NEWER = A newer updater has been at work here. Update this updater, then try again.
failure-E-STATE-READ = What the updater remembers could not be read. Look at the rights of its folder; the details say where.
failure-E-STATE-WRITE = What the updater remembers could not be written. Look at the rights of its folder and the free space.
failure-E-STATE-SETTING = A settings file has a mistake. The details say in which line.
failure-E-STATE-RANDOM = The system gave no random numbers, which the updater needs. Try again.
failure-E-STATE-NO-STAGE = No new version is laid ready any more. Try again, and it is fetched anew.
failure-E-STATE-NO-PREVIOUS = No version before is kept, so there is nothing to go back to. { $name } stays as it is.
failure-E-STATE-PREVIOUS-DAMAGED = The previous version that was kept is damaged, so it is not put back. { $name } stays as it is.
failure-E-STATE-NO-PROBATION = There is no new version that could be judged. { $name } stays as it is.
failure-E-STATE-UNFINISHED = The last update of { $name } is still being tried out. Try again when that is over.

## The window: what happened here.

history-empty = Nothing has happened here yet.
history-empty-hint = Updates, repairs and what did not work stand here, with what they cost and how to undo them.
history-older = Show older
history-title = { $name } { $version }
history-today = Today
history-yesterday = Yesterday
history-saved = Installed. { $fetched } downloaded, { $saved } saved.
history-full = Installed. { $fetched } downloaded in full.
history-nothing = Installed. The bytes were here before, so nothing was downloaded.
history-repaired = Put in order again. { $fetched } downloaded.
history-back =
    { $to ->
        [none] The previous version was put back.
       *[other] { $to } was put back.
    }
history-failed = This did not work. The details say why.
history-fell-back = { $why } Another way was taken.

## The window: settings. What can be set, its values, and who said so.

settings-general = General
settings-when = When
settings-version = Version
settings-network = Network
settings-all-hint = What is set here counts for every program that has no setting of its own.
start-at-login-hint = Keeps programs current without opening this window
setting-mode = Updates
mode-automatic = Automatic
mode-automatic-hint = Downloads and installs when nobody is disturbed
mode-download = Download only
mode-download-hint = Downloads; you choose when to restart
mode-ask = Ask me
mode-ask-hint = Nothing is downloaded before you say so
mode-off = Off
mode-off-hint = Nothing is looked for by itself
setting-quiet-hours = Quiet hours
quiet-hours-hint = Nothing happens by itself in this time
quiet-hours-begin = From
quiet-hours-end = To
quiet-hours-span = { $begin } to { $end }
value-none = none
setting-metered = Metered network
metered-hint = Where the network is paid by volume
metered-wait = Wait
metered-small = Small downloads only
metered-allow = Allow
setting-battery = On battery
battery-hint = Waits for the charger below { $percent }
battery-wait = waits when it is low
battery-ignore = does not wait
setting-channel = Channel
channel-hint = Which releases are offered
channel-stable = Stable
channel-beta = Beta
setting-pin = Stay on a version
pin-to = Stay on { $version }
pin-hint = Newer versions wait until you turn this off
skipped-versions = Skipped: { $versions }
skipped-hint = Not offered by itself
on-hold-title = On hold
on-hold-hint = Nothing newer is offered
setting-check-every = Look for updates
check-every-hint = How often at most
check-every = every { $span }
setting-proxy = Proxy
proxy-hint = An address of its own is set in the settings file
proxy-system = From the system
proxy-off = None
setting-language = Language
language-system = Like the system
setting-look = Look
setting-allowed-hours = Allowed hours
setting-defer-days = Days that others try it first
setting-sources = Update servers
setting-patch-memory-mib = Memory for small downloads
look-system = Like the system
look-light = Light
look-dark = Dark
pause-title = Pause updates
pause-day = For a day
pause-week = For a week
pause-until-resumed = Until I resume
set-by-default = default
set-by-enrolment = from its enrolment
set-by-person = your choice
set-by-administrator = your administrator
setting-reset = Back to the default
setting-reset-app = Like all programs
setting-inherited = As for all programs
setting-refused = This could not be changed. It is as it was.
locked-by-administrator = Set by your administrator

## The window: support. A program looked at, what can be tried, and what may be sent to whoever helps.

support-why = Why no update?
support-decided = The rule that said no: “{ $rule }”
support-program = Program
support-check = Last check
support-settings = Settings in effect
support-rules = Rules of the last decision
support-rules-show = Show the rules
support-rules-hide = Hide the rules
support-rules-none = No check has asked a rule yet.
support-try = Try something
diagnostics-copy = Copy diagnostics
diagnostics-export = Export
diagnostics-log = Open log
diagnostics-copied = Copied. It holds no names and no passwords.
diagnostics-by-hand = The clipboard cannot be reached. Copy this text by hand:
diagnostics-written = Written to { $path }
fact-version = Version
fact-unreadable = cannot be read
fact-checksum = Checksum
fact-signed = as the publisher signed it
fact-unsigned = not known to be a release
fact-path = Installed in
fact-owner = owned by { $user }
fact-replaceable = can be replaced
fact-enrolled = Enrolled by
enrolled-by-machine = your administrator
enrolled-by-user = you
enrolled-by-program = the program itself
fact-channel = Channel
fact-group = Rollout group
fact-group-of = { $group } of { $groups }
fact-holds = Holds and pins
fact-floor = Nothing older than
fact-last-check = Last check
fact-never = never
asked-by-timer = by itself
asked-by-person = you asked for it
asked-by-insisting = you asked for it, past steps and skipped versions
fact-result = Result
fact-next-check = Next check
fact-not-planned = not planned
fact-server = Server
fact-source = Kind of server
source-lantern = Lantern
source-lantern-unproven = it cannot prove that a version is the newest
fact-key = Publisher's key
fact-proxy = Proxy
fact-free = Free space
fact-free-needed = the update has { $size }
try-force = Check for real
try-force-hint = Ignores steps and skipped versions
try-full = Use the full download
try-full-hint = Does not build on the installed file
try-repair = Repair
try-repair-hint = Downloads again what is damaged
try-roll-back = Go back to { $version }
try-roll-back-hint = { $name } restarts; your files stay
try-hold = Stay as it is
try-hold-hint = Nothing newer is offered until you say so
try-version = Choose a version
try-version-open = Choose
try-version-close = Close
version-known = The last check knew { $versions }
version-installed = installed
verdict-pass = nothing against it
verdict-stop = says no
verdict-overridden = would say no, but your wish counts more
try-roll-back-button = Go back

## The rules, by name, as support reads them.

rule-source = the kind of server, and what it cannot prove
rule-schedule = when to check
rule-identity = which version is installed
rule-sound = the installed bytes are those of a release
rule-platform = it is made for this kind of computer
rule-channel = the channel offers it
rule-newer = it is newer than what is installed
rule-floor = nothing below a version that was good here
rule-known-bad = nothing that did not run well here
rule-undone = nothing that was undone by hand
rule-min-os = the system is new enough
rule-os-pin = what the publisher pins for this system
rule-control = the publisher's list of who gets it is in order
rule-halt = the publisher did not halt it
rule-recall = the publisher did not take it back
rule-percentage = it is this computer's turn
rule-skip = you do not skip it
rule-hold = the program is not on hold
rule-pin = the version that it stays at
rule-age = how long others run it first
rule-turned-off = the administrator allows updates
rule-pause = updates are not paused
rule-quiet-hours = it is not your quiet time
rule-allowed-hours = the administrator's hours
rule-busy = the program is not busy
rule-metered = the network is not paid by volume
rule-battery = the battery is full enough
rule-notify = people can be told
rule-consent = you agreed
rule-download-gate = what may be downloaded without asking
rule-restart-gate = when it may restart without asking
rule-patch = a difference that can be used
rule-route = the cheapest way

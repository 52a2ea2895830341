## What one program is at: its card in the window, its line in the tray's menu.

state-idle = 尚未检查
state-checking = 正在检查更新
state-up-to-date = 已是最新版本
state-nothing-newer = 没有提供更新的版本
state-cannot-verify = 无法确定是否有更新
state-available = 版本 { $version } 可以安装
state-stopped = 版本 { $version } 的下载已停止
state-deferred-metered = 版本 { $version } 正在等待其他网络
state-deferred-hours = 版本 { $version } 正在等待允许的时段
state-deferred-busy = 版本 { $version } 正在等待：程序正忙
state-deferred-battery = 版本 { $version } 正在等待充电
state-deferred-paused = 版本 { $version } 正在等待：更新已暂停
state-getting = 正在获取版本 { $version }
state-ready = 版本 { $version } 已准备就绪
state-ready-at-quit = 版本 { $version } 将在程序关闭后安装
state-ready-tonight = 版本 { $version } 将在今晚安装
state-ready-counting = 即将以版本 { $version } 重新启动
state-waiting-for-close = 正在等待 { $name } 关闭
state-restarting = 正在以版本 { $version } 重新启动
state-probation = 正在观察版本 { $version } 是否运行正常
state-updated = 已更新到 { $version }
state-repaired = 版本 { $version } 已修复
state-rolling-back = 正在恢复之前的版本
state-rolled-back = 已恢复到 { $version }
state-rolled-back-unknown = 已恢复到之前的版本
state-failed = 版本 { $version } 未能安装
state-failed-check = 检查未能完成
state-disabled = 不自动检查
state-disabled-by-machine = 管理员已关闭检查

## Why there is something, but not for this computer now.

not-offered-nothing-for-platform = 没有适用于此类电脑的版本
not-offered-os-too-old =
    { $version ->
        [none] 最新版本需要更新的系统
       *[other] 版本 { $version } 需要更新的系统
    }
not-offered-os-pinned = 发布者为此系统保留较旧的版本
not-offered-not-yet =
    { $version ->
        [none] 最新版本稍后会推送到这台电脑
       *[other] 版本 { $version } 稍后会推送到这台电脑
    }
not-offered-halted =
    { $version ->
        [none] 发布者已暂停最新版本
       *[other] 发布者已暂停版本 { $version }
    }
not-offered-recalled = 发布者已撤回此版本
not-offered-control-unverified = 无法确定哪些电脑可以更新
not-offered-known-bad =
    { $version ->
        [none] 最新版本在这台电脑上运行不正常
       *[other] 版本 { $version } 在这台电脑上运行不正常
    }
not-offered-below-floor = 只有更旧的版本可用
not-offered-undone =
    { $version ->
        [none] 最新版本已在这台电脑上撤销
       *[other] 版本 { $version } 已在这台电脑上撤销
    }
not-offered-skipped =
    { $version ->
        [none] 已跳过最新版本
       *[other] 已跳过版本 { $version }
    }
not-offered-on-hold =
    { $version ->
        [none] 已暂缓更新
       *[other] 已暂缓更新：版本 { $version } 需要等待
    }
not-offered-pinned = 保持在当前版本
not-offered-too-young =
    { $version ->
        [none] 最新版本稍后才会到来
       *[other] 版本 { $version } 稍后才会到来
    }
not-offered-turned-off = 管理员已关闭更新

## All programs in one line: the tray's title and first menu line, the window's headline.

summary-empty = 还没有程序
summary-problems = 有一项登记无法读取
summary-paused = 更新已暂停
summary-idle = 尚未检查
summary-up-to-date = 全部都是最新版本
summary-nothing-to-install = 目前没有可安装的更新
summary-held =
    { $count ->
       *[other] { $count } 个程序不检查更新
    }
summary-available =
    { $count ->
       *[other] 有 { $count } 个更新可以安装
    }
summary-working =
    { $count ->
       *[other] 正在处理 { $count } 个程序
    }
summary-ready =
    { $count ->
       *[other] { $count } 个更新已准备就绪
    }
summary-attention =
    { $count ->
       *[other] { $count } 个程序需要您处理
    }
summary-critical =
    { $count ->
       *[other] 有 { $count } 个紧急更新
    }

## The same, where one program has the news.

one-state-checking = 正在检查 { $name } 的更新
one-state-cannot-verify = 无法确定 { $name } 是否为最新版本
one-state-available = { $name } { $version } 可以安装
one-state-stopped = { $name } { $version } 的下载已停止
one-state-deferred-metered = { $name } { $version } 正在等待
one-state-deferred-hours = { $name } { $version } 正在等待
one-state-deferred-busy = { $name } { $version } 正在等待
one-state-deferred-battery = { $name } { $version } 正在等待
one-state-deferred-paused = { $name } { $version } 正在等待
one-state-getting = 正在获取 { $name } { $version }
one-state-ready = { $name } { $version } 已准备就绪
one-state-ready-at-quit = { $name } { $version } 将在关闭后安装
one-state-ready-tonight = { $name } { $version } 将在今晚安装
one-state-ready-counting = { $name } 即将以 { $version } 重新启动
one-state-waiting-for-close = 正在等待 { $name } 关闭
one-state-restarting = 正在以版本 { $version } 重新启动 { $name }
one-state-probation = 正在观察 { $name } { $version } 是否运行正常
one-state-rolling-back = 正在恢复 { $name } 之前的版本
one-state-rolled-back = { $name } 已恢复到 { $version }
one-state-rolled-back-unknown = { $name } 已恢复到之前的版本
one-state-failed = { $name } { $version } 未能安装
one-state-failed-check = 未能检查 { $name } 的更新
one-state-disabled = 不自动检查 { $name }
one-state-disabled-by-machine = 管理员已关闭对 { $name } 的检查
one-not-offered-halted =
    { $version ->
        [none] 发布者已暂停 { $name } 的最新版本
       *[other] 发布者已暂停 { $name } { $version }
    }
one-not-offered-recalled = 发布者已撤回 { $name } 的这个版本
one-not-offered-control-unverified = 无法确定哪些电脑可以更新 { $name }
one-not-offered-undone =
    { $version ->
        [none] { $name } 的最新版本已在这台电脑上撤销
       *[other] { $name } { $version } 已在这台电脑上撤销
    }
one-not-offered-skipped =
    { $version ->
        [none] 已跳过 { $name } 的最新版本
       *[other] 已跳过 { $name } { $version }
    }
one-not-offered-on-hold = { $name } 已暂缓更新
one-not-offered-pinned = { $name } 保持在当前版本
one-not-offered-turned-off = 管理员已关闭 { $name } 的更新

## What a person can do: buttons of the window, lines of the tray's menu, the notification's button.

act-check = 立即检查
act-install = 安装
act-replace = 替换并安装
act-restart = 重启以更新
act-cancel = 取消
act-pause = 暂停
act-resume = 继续
act-retry = 重试
act-roll-back = 撤销
act-roll-back-to = 恢复到 { $version }
act-tonight = 今晚
act-at-quit = 关闭时
act-postpone = 暂不
act-skip = 跳过此版本
act-hold = 保持不变
act-release = 重新提供
act-force = 强制检查
act-full = 完整下载
act-repair = 修复

## The tray's menu.

menu-open = 打开
menu-quit = 退出
menu-whats-new = 新内容
menu-pause = 暂停更新
menu-resume = 恢复更新
menu-help = 帮助
menu-why = 为什么没有更新？
menu-export = 导出诊断信息
menu-log = 打开日志
menu-packaged = 由软件包管理器更新
menu-program = { $name } { $version }：{ $words }
menu-program-unknown = { $name }：{ $words }

## Notifications.

notice-ready = { $name } { $version } 已准备就绪
notice-ready-body = 重启以更新。{ $name } 会在原来的位置重新打开。
notice-ready-again = { $name } { $version } 仍在等待重新启动
notice-available = { $name } { $version } 可以安装
notice-available-body = 在您同意之前不会下载。
notice-counting = { $name } 将在一分钟后重新启动
notice-counting-body = 按您的安排安装版本 { $version }。{ $name } 会在原处重新打开。
notice-updated = { $name } 已更新到 { $version }
notice-updated-body = 之前的版本已保留，可以随时退回。
notice-failing = { $name } 已有一段时间无法检查
notice-failing-body = 已安装的版本照常可用。“支持”页会显示是什么造成了阻碍。
notice-answer-body = 这是您要求的检查。
notice-exported = 诊断信息
notice-exported-body = 已写入 { $file }。发送之前请先看一看。
notice-rolled-back = { $name } 已恢复到 { $version }
notice-rolled-back-unknown = { $name } 已恢复到之前的版本
notice-rolled-back-body = 新版本运行不正常，因此已换回旧版本。

notice-no-tray = 这里无法显示图标
notice-no-tray-body = 此桌面不显示托盘图标。更新会照常进行，并通过通知告诉您。要查看更多信息，请从程序列表启动 autoupdate。

## The window: its frame, the headline's second line, and what is true for all programs.

window-title = 更新
window-lost = 此窗口无法连接到更新程序。请关闭窗口，再从托盘或程序列表重新打开。
summary-note-working = 您可以继续使用电脑。
checked-now = 刚刚检查过。
checked-ago = { $span }前检查过。
next-check = 下次：{ $moment }。
version-unknown = 版本未知
act-check-one = 立即检查：{ $name }
act-too-late = 情况已有变化。请查看当前显示的内容。
act-refused = 更新程序没有接受此操作。请稍后再试。
export-refused = 无法写入文件。请检查可用空间和文件夹权限。
log-refused = 这里没有可以打开日志的程序。日志位于 { $folder }。
empty-how = 目前没有由更新程序管理的程序。要添加程序，需要它的登记文件，也就是发布者提供的一个小文件：
empty-file = FILE 是该文件的路径。请在终端中输入此命令，程序随后会自动出现在这里。
problem-title = 此登记文件无法使用
problem-line-key = 第 { $line } 行，{ $key }：
problem-line = 第 { $line } 行：
problem-key = { $key }：
problem-hint = 修正该文件之前，对应的程序不会更新。其他程序不受影响。
no-tray = 这里没有托盘，因此无法显示图标。更新会照常进行，并通过通知和此窗口告诉您。关闭此窗口后，再次启动本程序即可重新打开。
start-at-login = 登录时启动
start-at-login-entry = 未能更改启动项 { $file }。请检查其所在文件夹的权限和可用空间；启动项保持原样。
start-at-login-refused = 未能更改此设置。您的设置保持原样。
updater-version = 更新程序 { $version }。
updater-packaged = 此更新程序由您的软件包管理器更新。
announce-state = { $name }：{ $words }。
announce-progress = { $name }：{ $percent }。
paused-until = 更新已暂停，直到 { $moment }。
paused-open = 更新已暂停，直到您恢复。
paused-hint = 不会自动下载或安装任何内容。您仍可以手动操作。
pause-resume = 恢复
panels = 此窗口的各部分
panel-updates = 更新
panel-history = 历史
panel-settings = 设置
panel-support = 支持
panel-lost = 暂时无法读取。一有变化就会重新读取。
all-programs = 所有程序
pick-program = 程序
announce-resumed = 更新继续进行。

## The window: what a card says below its state.

available-unknown = 无法得知已安装的 { $name } 是哪个版本：它的内容与发布者的任何版本都不一致。如果您同意，将用 { $version } 替换它。
available-size = 最多下载 { $size }；如果只需要差异部分，下载量会更小。下载期间 { $name } 继续运行。
available-size-unknown = 没有人为它的大小签名，下载完成后才知道大小。下载期间 { $name } 继续运行。
stopped-at = 已保留 { $count }，您可以随时从这里继续。它不会自行继续。
stopped-at-once = 您可以随时继续。它不会自行继续。
offer-important = 这是一个重要更新。
notes-title = { $version } 的新内容
notes-all = 显示全部说明
notes-less = 收起说明
progress-starting = 正在查找最小的下载
progress-downloading = 正在下载
progress-downloading-all = 正在下载完整版本
progress-verifying = 正在校验下载内容
progress-amount = { $count } / { $of }
progress-amount-open = 已下载 { $count }
progress-left = 大约还需 { $span }
progress-left-moment = 马上就好
saving-patch = 只下载与 { $from } 的差异：{ $fetched }，而不是 { $full }。
saving-patch-unknown = 只下载差异部分：{ $fetched }，而不是 { $full }。
saving-compressed = 以压缩形式下载完整版本：{ $fetched }，而不是 { $full }。
verifying-hint = 每个字节都会与发布者签名的内容进行比对。
gave-up-damaged = 小型下载与发布者签名的内容不符，因此已丢弃。
gave-up-network = 小型下载在途中中断了。
gave-up-base = 小型下载所依据的内容与这里安装的不同。
gave-up-memory = 小型下载需要的内存超出了这台电脑允许的范围。
gave-up-not-made = 服务器未能及时生成小型下载。
gave-up-patch = 小型下载在这里不可用。
gave-up-other = 第一种获取方式未成功。
instead-patch = 改为下载到 { $version } 的另一个差异。
instead-full = 改为下载完整的 { $version }。
ready-restart = { $name } 会关闭、完成更新，并在原来的位置重新打开。
waiting-blockers =
    { $count ->
       *[other] { $blockers } 仍然打开着。关闭后，更新会自动安装。
    }
waiting-until = 不会强制关闭任何程序：到 { $moment } 仍打开的程序会保持打开，更新也会保持就绪。
probation-until =
    { $from ->
        [none] 如果 { $to } 在 { $moment } 之前运行不正常，会自动恢复之前的版本。
       *[other] 如果 { $to } 在 { $moment } 之前运行不正常，会自动恢复 { $from }。
    }
updated-saved = 下载了 { $fetched }，而不是 { $full }。
updated-full = 下载了 { $fetched }。
updated-fetched-before = 这次无需下载：内容已在这台电脑上。
updated-fell-back = 先尝试了更小的下载，但没有成功。
updated-still-old =
    { $count ->
       *[other] { $count } 个正在运行的副本在关闭之前仍使用之前的版本。
    }
updated-kept = 已保留 { $version }，您可以恢复到它。
last-good = 上次能够确定的时间：{ $moment }。
nothing-newer-unproven = 此来源无法证明已安装的就是最新版本。
failed-unchanged = { $name } 保持原样。
disabled-by-machine = 管理员已关闭自动检查。您仍可以在这里检查更新。
disabled-by-user = 您已关闭对 { $name } 的自动检查。您仍可以在这里检查更新。
disabled-by-program = { $name } 已关闭自动检查。您仍可以在这里检查更新。
deferred-paused =
    { $moment ->
        [none] 您已暂停更新。恢复后会继续。
       *[other] 您已暂停更新，直到 { $moment }。
    }
deferred-quiet-hours =
    { $moment ->
        [none] 现在是您的静默时段，不会自动进行任何操作。
       *[other] 现在是您的静默时段，{ $moment } 之前不会自动进行任何操作。
    }
deferred-outside-hours =
    { $moment ->
        [none] 管理员只允许在其他时段更新。
       *[other] 管理员只允许在其他时段更新：{ $moment } 继续。
    }
deferred-busy =
    { $moment ->
        [none] { $name } 表示正忙，不希望被打断。
       *[other] { $name } 表示正忙，最晚到 { $moment }。
    }
deferred-metered =
    { $limit ->
        [none] 此网络按流量计费。下载会等待其他网络。
       *[other] 此网络按流量计费，而下载超过 { $limit }。它会等待其他网络。
    }
deferred-battery = 电池电量为 { $percent }。更新会等待充电。
deferred-anyway = 您仍可以立即安装。
planned-at-quit = { $name } 关闭后会自动安装。
planned-at = 将自动安装：{ $moment }。{ $name } 会关闭、完成更新，并在原来的位置重新打开。
countdown = { $name } 将在 { $span }后关闭，并在原来的位置重新打开。
countdown-now = { $name } 现在关闭，并在原来的位置重新打开。
more-acts = 更多：{ $name }

## Why a release is kept from this computer, in a sentence.

reason-nothing-for-platform = 发布者在此渠道没有适用于此类电脑的版本。已安装的版本可以继续使用。
reason-os-too-old = 它需要 { $needs } 或更新的系统；当前是 { $has }。已安装的版本可以继续使用。
reason-os-unknown = 它需要 { $needs } 或更新的系统，而当前的系统版本无法确定。已安装的版本可以继续使用。
reason-os-pinned = 对于此系统，发布者提供的是 { $version }，没有更新的版本。
reason-not-yet = 它正在分批发布，以便尽早发现问题。目前已推送到 { $share } 的电脑，这台电脑随后会自动更新。
reason-halted = 发布者暂时停止了它。恢复发布或有更新的版本时，会再次提供。
reason-recalled = 发布者撤回了它。一有更好的版本，就会在这里提供。
reason-control-unverified = 发布者的推送名单已过期或签名不正确，因此暂不提供给任何人。稍后会自动重新检查。
reason-known-bad = 它曾在这里安装过，但运行不正常，因此不会再次尝试。下一个版本会照常提供。
reason-below-floor = 版本 { $version } 曾在这里正常运行，因此不会安装更旧的版本。
reason-undone = 您已从它恢复到旧版本，因此不会再自动提供它。下一个版本会照常提供。
reason-skipped = 您跳过了它。下一个版本会照常提供。
reason-on-hold = 在您允许重新提供之前，它会保持不变。
reason-pinned =
    { $by ->
        [administrator] 管理员让它保持在 { $version }。
        [enrolment] 登记文件让它保持在 { $version }。
       *[other] 您让它保持在 { $version }，直到您在它的设置中更改。
    }
reason-too-young = 管理员让其他电脑先使用它。稍后才会到来：{ $moment }。
reason-turned-off = 管理员已关闭更新。已安装的版本可以继续使用。

## Why the version before was put back, by the code of what was wrong.

rolled-back-by-person = 您要求恢复之前的版本。
rolled-back-recalled =
    { $version ->
        [none] 发布者撤回了新版本。
       *[other] 发布者撤回了版本 { $version }。
    }
rolled-back-unhealthy =
    { $version ->
        [none] 新版本运行不正常。
       *[other] 版本 { $version } 运行不正常。
    }
rolled-back-unproven =
    { $version ->
        [none] 未能完整确认新版本是否正常。可能会再次尝试。
       *[other] 未能完整确认版本 { $version } 是否正常。可能会再次尝试。
    }
rolled-back-E-RUN-NOT-STARTED =
    { $version ->
        [none] 新版本未能启动。
       *[other] 版本 { $version } 未能启动。
    }
rolled-back-E-RUN-ENDED =
    { $version ->
        [none] 新版本过早退出。
       *[other] 版本 { $version } 过早退出。
    }
rolled-back-E-RUN-HANGS =
    { $version ->
        [none] 新版本未能及时响应。
       *[other] 版本 { $version } 未能及时响应。
    }
rolled-back-E-RUN-CONFIRM =
    { $version ->
        [none] 新版本未能及时报告自身运行正常。
       *[other] 版本 { $version } 未能及时报告自身运行正常。
    }
rolled-back-E-RUN-UNWATCHED =
    { $version ->
        [none] 此系统无法查看新版本是否运行正常。
       *[other] 此系统无法查看版本 { $version } 是否运行正常。
    }
rolled-back-E-RUN-INTERRUPTED =
    { $version ->
        [none] 新版本运行不正常，而且在撤销过程中电脑停止了运行。
       *[other] 版本 { $version } 运行不正常，而且在撤销过程中电脑停止了运行。
    }
rolled-back-safe = 之前的版本已逐字节恢复。
rolled-back-not-again = 这里不会再自动提供 { $name } 的这个版本。下一个版本会照常提供。

## Details of what did not work: labels, steps, who can mend it.

details-show = 详细信息
details-hide = 隐藏详细信息
fact-code = 代码
fact-step = 步骤
fact-actor = 谁可以解决
fact-again = 再次尝试
fact-text = 技术信息
again-at = 自动：{ $moment }
again-by-itself = 下次检查时自动进行
again-by-hand = 由您手动重试
phase-setup = 读取设置
phase-check = 检查更新
phase-preflight = 下载之前
phase-fetch = 下载
phase-apply = 合成下载内容
phase-verify = 与签名内容比对
phase-stage = 准备新版本
phase-activate = 换上新版本
phase-restart = 关闭并启动程序
phase-probation = 观察是否运行正常
phase-roll-back = 恢复之前的版本
actor-repository = 它的发布者
actor-network = 网络或其管理者
actor-machine = 您或您的管理员
actor-bug = 此更新程序的开发者

## What did not work, by code: what happened, and what to do. Unknown codes: by who can mend it.

failure-by-repository = 发布者提供的内容有问题，因此没有采用。稍后会再次尝试；如果仍然如此，请将代码告知发布者。
failure-by-network = 网络未能传送数据。网络好转后会再次尝试。
failure-by-machine = 这台电脑上有什么妨碍了更新。详细信息中有说明。
failure-by-bug = 更新程序出现了不应有的行为。请重试；如果再次发生，请将代码告知其开发者。

# The network.
failure-E-NET-DNS = 找不到更新服务器的名称。请检查网络连接，然后重试。
failure-E-NET-CONNECT = 无法连接到更新服务器。请检查网络连接，然后重试。
failure-E-NET-TLS = 更新服务器无法证明自己的身份，因此没有采用它的任何内容。请检查这台电脑的日期；如果在外部网络中，请换一个网络。
failure-E-NET-PROXY = 途中的代理没有放行。请在系统设置中检查代理的地址、用户名和密码。
failure-E-NET-BROKEN = 连接中断了。已收到的内容会保留，下次从中断处继续。
failure-E-NET-TIMEOUT = 更新服务器响应时间过长。请稍后重试。
failure-E-NET-SLOW = 下载停滞了。已收到的内容会保留，下次从停滞处继续。
failure-E-NET-PORTAL = 响应的不是更新服务器，通常是网络的登录页面。请打开任意网页并登录，然后重试。
failure-E-NET-REDIRECT = 更新服务器指向了不允许的位置，因此没有采用任何内容。如果一直如此，请告知发布者。
failure-E-NET-TOO-LONG = 更新服务器发送的内容超出限制，因此已丢弃。如果一直如此，请告知发布者。
failure-E-NET-LENGTH = 更新服务器发送的数据量与声明的不符，因此已丢弃。请稍后重试。
failure-E-NET-CODING = 响应在途中被重新打包，无法使用。可能是代理或过滤器所致；请换一个网络。
failure-E-NET-NOT-FOUND = 更新服务器上没有应有的文件。请稍后重试；如果一直如此，请告知发布者。
failure-E-NET-BUSY = 更新服务器繁忙。稍后会再次尝试。
failure-E-NET-STATUS = 更新服务器现在无法响应。请稍后重试。
failure-E-NET-CANCELLED = 下载已停止。已收到的内容会保留，下次从停止处继续。
failure-E-NET-CLIENT = 更新程序未能建立连接。请重新启动它；如果一直如此，请将代码告知其开发者。

# The disk.
failure-E-DISK-FULL = 磁盘可用空间不足。请腾出一些空间，然后重试。
failure-E-DISK-QUOTA = 您的磁盘配额已用完。请腾出一些空间或申请更多配额，然后重试。
failure-E-DISK-INODES = 磁盘无法容纳更多文件。请删除一些不需要的文件，然后重试。
failure-E-DISK-READ-ONLY = { $name } 所在的磁盘不可写入。请将其设为可写，然后重试。
failure-E-DISK-IO = 磁盘没有完成所要求的操作。请重试；如果经常发生，请检修磁盘。
failure-E-DISK-SYNC = 磁盘未确认数据已安全写入，因此不会使用这些数据。重试之前请先检修磁盘。
failure-E-DISK-SPOOL = 无法读取或写入下载文件夹。请检查其权限和可用空间，然后重试。

# The program's file and its place.
failure-E-FILE-MISSING = { $name } 不在其登记文件所说的位置。请重新安装，或修正登记文件中的路径。
failure-E-FILE-KIND = { $name } 所在位置不是普通文件。登记文件必须指向程序本身。
failure-E-FILE-PATH = 登记文件中 { $name } 的路径不完整。请从磁盘根目录写起。
failure-E-FILE-LINK = { $name } 的路径经过一个他人可以更改的链接。请在登记文件中写明真实位置。
failure-E-FILE-FOLDER = 由于文件夹权限的原因，他人可能替换 { $name }。请只允许所有者写入该文件夹，或移动程序。
failure-E-FILE-OWNER = { $name } 属于这台电脑上的其他人。对方或您的管理员可以更新它。
failure-E-FILE-SETID = { $name } 以其所有者的权限运行，这类程序不会被替换。请联系您的管理员。
failure-E-FILE-CAPABILITIES = { $name } 具有特殊权限，替换文件会使其丢失，因此没有替换。请联系您的管理员。
failure-E-FILE-PACKAGED = { $name } 由安装它的工具负责更新：您的软件包管理器，或它所在的映像。
failure-E-FILE-SHARED = { $name } 位于其他电脑也在使用的网络共享上。请在存放它的地方更新。
failure-E-FILE-IMMUTABLE = { $name } 被标记为任何人都不能更改。请去掉该标记以允许更新。
failure-E-FILE-PERMISSION = 您没有权限写入 { $name } 所在的位置。请以有权限的身份运行更新，或联系您的管理员。
failure-E-FILE-MOUNTED = { $name } 与其所在文件夹不在同一个磁盘上。请在它的来源处更新。
failure-E-FILE-PRIVATE = 更新程序在 { $name } 旁边保留的文件夹状态不符合要求。详细信息中指明了是哪一个；请查看后将其删除。
failure-E-FILE-STAGE = 新版本准备好之后被改动过，因此不会使用。下次会重新下载。
failure-E-FILE-LENGTH = 收到的内容与发布者签名的大小不符，因此已丢弃。请稍后重试；如果一直如此，请告知发布者。
failure-E-FILE-HASH = 收到的内容与发布者签名的内容不符，因此已丢弃。请稍后重试；如果一直如此，请告知发布者。
failure-E-FILE-COMPRESSED = 收到的内容无法解压，因此已丢弃。请稍后重试；如果一直如此，请告知发布者。
failure-E-FILE-ATTRIBUTE = { $name } 文件的某个属性无法转给新版本，因此保持原样。详细信息中指明了是哪一个。
failure-E-FILE-CHANGED = { $name } 同时被其他人或程序更改，因此保持原样。请重试。
failure-E-FILE-MOVED = { $name } 同时被移动或替换，因此保持原样。请重试。
failure-E-FILE-RACED = { $name } 在同一时刻被其他人或程序写入，已恢复旧版本。请重试。
failure-E-FILE-BUSY = { $name } 正在使用中。请关闭它，然后重试。
failure-E-FILE-NO-ROUTE = 无法从发布者处获取此版本。请稍后重试；如果一直如此，请告知发布者。
failure-E-FILE-DIED = 更新程序的某个步骤过早结束。请重试；如果再次发生，请将代码告知其开发者。
failure-E-FILE-OWN-PATH = 更新程序无法确定自己的位置。请重新启动它；如果一直如此，请重新安装。
failure-E-FILE-RUNTIME = 更新程序用于通信的文件夹可能被他人使用。请检查其权限；详细信息中指明了是哪一个。

# Somebody else is at work.
failure-E-LOCK-HELD = 另一个更新程序正在处理 { $name }。待其完成后会再次尝试。
failure-E-LOCK-ENGINE = 已有一个更新程序在运行。请使用它，或先将其关闭。
failure-E-LOCK-STATE = 另一个更新程序正在保存记录。请稍后再试。

# What the publisher signed.
failure-E-META-EXPIRED = 发布者关于最新版本的声明已过期，因此无法确定哪个是最新版本。如果这台电脑的日期正确，则需要由发布者更新声明。
failure-E-META-SIGNATURE = 更新服务器发送的内容没有发布者的签名，因此没有采用。请稍后重试；如果一直如此，请告知发布者。
failure-E-META-ROLLBACK = 更新服务器发送的列表比之前的旧，因此没有采用。请稍后重试；如果一直如此，请告知发布者。
failure-E-META-INTEGRITY = 更新服务器发送的列表与已签名的列表不符，因此没有采用。请稍后重试；如果一直如此，请告知发布者。
failure-E-META-MALFORMED = 更新服务器发送的列表无法读取，因此没有采用。请稍后重试；如果一直如此，请告知发布者。
failure-E-META-LIMIT = 更新服务器发送的列表超出允许的长度，因此没有采用。如果一直如此，请告知发布者。
failure-E-META-MISSING = 更新服务器上没有发布者列表中的某个文件。请稍后重试；如果一直如此，请告知发布者。
failure-E-META-NAME = 发布者的列表中有一个不可能存在的文件名。如果一直如此，请告知发布者。
failure-E-META-KEY = 发布者的列表中有一个不可信的密钥，因此没有采用任何内容。如果一直如此，请告知发布者。
failure-E-META-KEY-REPLACED = 发布者更换了密钥，因此会重新获取列表。请重试。
failure-E-META-DELEGATION = 发布者的列表允许了无权签名的一方签名，因此没有采用任何内容。如果一直如此，请告知发布者。
failure-E-META-NOT-DELEGATED = 发布者已不再允许任何人为 { $name } 签名。如果一直如此，请告知发布者。
failure-E-META-NOT-PINNED = 发布者的列表不包含 { $name }，因此无法验证任何内容。如果一直如此，请告知发布者。
failure-E-META-NOT-STORED = 之前验证过的内容已不在这里。请重试，届时会重新获取。
failure-E-META-ROOT-VERSION = 发布者的密钥顺序不正确，因此没有采用任何内容。请稍后重试；如果一直如此，请告知发布者。
failure-E-META-ROOT-FILE = 无法读取包含发布者密钥的文件。详细信息中指明了它应在的位置；请将其放回，或重新登记 { $name }。
failure-E-META-ROOT-PIN = 包含发布者密钥的文件与登记 { $name } 时的不同。请放回正确的文件，或重新登记 { $name }。
failure-E-META-PINNED-ROOT = 登记 { $name } 时所用的密钥有问题。请向发布者索取新的登记文件。
failure-E-META-NO-SOURCE = { $name } 的登记文件没有指明更新服务器。请添加一个，或向发布者索取新的登记文件。
failure-E-META-PROVIDER = 更新程序未能准备好签名校验。请重新启动它；如果一直如此，请将代码告知其开发者。
failure-E-META-DIED = 校验的某个步骤过早结束。请重试；如果再次发生，请将代码告知其开发者。

# Lantern 服务器：只有一个密钥签名，没有什么能证明哪个版本最新。
failure-E-LANTERN-KEY = { $name } 登记时使用的密钥不能用来验证程序。请向其发布者索取新的登记文件。
failure-E-LANTERN-KEY-FILE = 无法读取发布者的密钥文件。详细信息中写明了它应在的位置；请将其放回，或重新登记 { $name }。
failure-E-LANTERN-KEY-PIN = 发布者的密钥文件不是 { $name } 登记时的那一个。请放回正确的文件，或重新登记 { $name }。
failure-E-LANTERN-UNSUPPORTED = 更新服务器没有适合此类电脑的内容，或者无法制作想要提供的内容。请稍后重试；如果一直如此，请告知发布者。
failure-E-LANTERN-ANSWER-SIGNATURE = 更新服务器的回答没有发布者密钥的签名，因此没有采用任何内容。请稍后重试；如果一直如此，请告知发布者。
failure-E-LANTERN-ANSWER = 更新服务器的回答已签名，但无法使用。请稍后重试；如果一直如此，请告知发布者。
failure-E-LANTERN-URL = 更新服务器给出了不允许的地址，因此没有采用任何内容。如果一直如此，请告知发布者。
failure-E-LANTERN-SIGNATURE = 新版本没有发布者密钥的签名，因此不会安装。请稍后重试；如果一直如此，请告知发布者。
failure-E-LANTERN-PATCH = 更新服务器给出的小型下载不能使用，因此改为完整下载。如果一直如此，请告知发布者。
failure-E-LANTERN-CHECKSUM = 收到的内容不是发布者签名的内容，因此已丢弃。请稍后重试；如果一直如此，请告知发布者。
failure-E-LANTERN-COMPRESSED = 收到的内容无法解压，因此已丢弃。请稍后重试；如果一直如此，请告知发布者。
failure-E-LANTERN-TOO-LONG = 收到的内容超过了大小未签名时所能接受的上限，因此已丢弃。如果一直如此，请告知发布者。

# Small downloads.
failure-E-PATCH-BASE = { $name } 被其他人或程序更改过，因此差异不适用。请重试，届时会下载完整版本。
failure-E-PATCH-FORMAT = 此更新程序不认识这种差异格式。请重试，届时会下载完整版本。
failure-E-PATCH-MATCH = 无法找出两个版本的共同部分：文件过大或内存不足。请稍后重试。
failure-E-PATCH-MEMORY = 差异需要的内存超出允许范围。请重试，届时会下载完整版本。
failure-E-PATCH-ARTIFACT = 差异指向了另一个版本，因此已丢弃。请稍后重试。
failure-E-PATCH-MALFORMED = 差异无法读取，因此已丢弃。请稍后重试。
failure-E-PATCH-TRUNCATED = 差异不完整，因此已丢弃。请稍后重试。
failure-E-PATCH-TRAILING = 差异比应有的长度长，因此已丢弃。请稍后重试。
failure-E-PATCH-TOO-LONG = 差异生成的数据多于签名的数据量，因此已丢弃。请稍后重试。
failure-E-PATCH-RESULT = 由差异得到的内容与发布者签名的内容不符，因此已丢弃。请稍后重试。
failure-E-PATCH-HASH = 差异与发布者签名的内容不符，因此已丢弃。请稍后重试。
failure-E-PATCH-COMPRESS = 差异无法解压，因此已丢弃。请稍后重试。
failure-E-PATCH-SIZE = 差异不比完整版本小，因此没有使用。请稍后重试；如果一直如此，请告知发布者。
failure-E-PATCH-NOT-MADE = 更新服务器未能及时生成差异。请稍后重试。
failure-E-PATCH-READ = 无法从磁盘读取差异。请重试；如果经常发生，请检修磁盘。
failure-E-PATCH-READ-BASE = 无法从磁盘读取 { $name }。请检查其权限，然后重试。
failure-E-PATCH-WRITE = 无法写入新版本。请检查可用空间，然后重试。

# Running programs.
failure-E-RUN-OPEN = { $name } 未能及时关闭，而我们不会强制关闭任何程序。请自行关闭它，然后重试：更新仍处于就绪状态。
failure-E-RUN-ASK = 无法请求 { $name } 关闭。请自行关闭它，然后重试：更新仍处于就绪状态。
failure-E-RUN-LIST = 无法确定 { $name } 是否正在运行。请自行关闭它，然后重试：更新仍处于就绪状态。
failure-E-RUN-START = 未能重新启动 { $name }。请自行启动它；详细信息中有系统的说明。
failure-E-RUN-UNSUPPORTED = 此系统无法由更新程序关闭和启动 { $name }。请关闭它，重试，然后自行启动。
failure-E-RUN-NOT-STARTED = { $name } 的新版本未能启动。
failure-E-RUN-ENDED = { $name } 的新版本过早退出。
failure-E-RUN-HANGS = { $name } 的新版本未能及时响应。
failure-E-RUN-CONFIRM = { $name } 的新版本未能及时报告自身运行正常。
failure-E-RUN-UNWATCHED = 此系统无法查看 { $name } 的新版本是否运行正常。
failure-E-RUN-INTERRUPTED = 电脑或更新程序在中途停止了。请重试。
failure-E-RUN-HAND-OVER = 更新程序未能交接给负责替换它的进程，因此保持原样。请重试。
failure-E-RUN-RUNTIME = 更新程序未能从系统获得所需的资源。请关闭一些程序，然后重试。
failure-E-RUN-SOCKET = 无法从命令行与更新程序通信：未能创建它的套接字。详细信息中指明了位置。
failure-E-RUN-NO-ENGINE = 这里没有更新程序在运行。请启动它，然后重试。
failure-E-RUN-NO-ANSWER = 更新程序没有响应。请重新启动它；如果一直如此，请将代码告知其开发者。
failure-E-RUN-ANSWER = 无法理解更新程序的响应。请重新启动它，使其各部分版本一致。

# What may be done here.
failure-E-POLICY-CONSENT = 无法得知已安装的 { $name } 是哪个版本。请重试并同意替换它。
failure-E-POLICY-PLATFORM = 没有适用于此类电脑的版本。
failure-E-POLICY-SETTING = { $name } 要求了无法实现的设置。请将代码告知其发布者。

# What the updater remembers.
failure-E-STATE-CANCELLED = 已停止。您可以随时重试。
failure-E-STATE-DIED = 更新程序的某个步骤过早结束。请重试；如果再次发生，请将代码告知其开发者。
failure-E-STATE-HOME = 没有可供更新程序保存记录的主文件夹。请联系您的管理员。
failure-E-STATE-NEWER = 这里曾有更新版本的更新程序运行过。请先更新此更新程序，然后重试。
failure-E-STATE-READ = 无法读取更新程序的记录。请检查其文件夹的权限；详细信息中指明了位置。
failure-E-STATE-WRITE = 无法写入更新程序的记录。请检查其文件夹的权限和可用空间。
failure-E-STATE-SETTING = 某个设置文件有错。详细信息中指明了是哪一行。
failure-E-STATE-RANDOM = 系统没有提供更新程序所需的随机数。请重试。
failure-E-STATE-NO-STAGE = 准备好的新版本已不存在。请重试，届时会重新下载。
failure-E-STATE-NO-PREVIOUS = 没有保留之前的版本，因此无法恢复。{ $name } 保持原样。
failure-E-STATE-PREVIOUS-DAMAGED = 保留的之前版本已损坏，因此不会恢复。{ $name } 保持原样。
failure-E-STATE-NO-PROBATION = 没有可供判断的新版本。{ $name } 保持原样。
failure-E-STATE-UNFINISHED = { $name } 的上次更新仍在试运行。请待其结束后重试。

## The window: what happened here.

history-empty = 这里还没有任何记录。
history-empty-hint = 更新、修复和未成功的操作会列在这里，并注明下载量和撤销方式。
history-older = 显示更早的记录
history-title = { $name } { $version }
history-today = 今天
history-yesterday = 昨天
history-saved = 已安装。下载了 { $fetched }，节省了 { $saved }。
history-full = 已安装。完整下载了 { $fetched }。
history-nothing = 已安装。内容已在这台电脑上，无需下载。
history-repaired = 已恢复正常。下载了 { $fetched }。
history-back =
    { $to ->
        [none] 已恢复之前的版本。
       *[other] 已恢复 { $to }。
    }
history-failed = 未能完成。详细信息会说明原因。
history-fell-back = { $why }已改用其他方式。

## The window: settings. What can be set, its values, and who said so.

settings-general = 常规
settings-when = 时间
settings-version = 版本
settings-network = 网络
settings-all-hint = 此处的设置适用于所有没有单独设置的程序。
start-at-login-hint = 无需打开此窗口即可让程序保持最新
setting-mode = 更新
mode-automatic = 自动
mode-automatic-hint = 在不打扰您时下载并安装
mode-download = 仅下载
mode-download-hint = 自动下载；由您决定何时重新启动
mode-ask = 询问我
mode-ask-hint = 未经您同意不会下载
mode-off = 关闭
mode-off-hint = 不会自动检查
setting-quiet-hours = 静默时段
quiet-hours-hint = 在此时段内不会自动进行任何操作
quiet-hours-begin = 从
quiet-hours-end = 到
quiet-hours-span = { $begin } 至 { $end }
value-none = 无
setting-metered = 按流量计费的网络
metered-hint = 网络按流量计费时
metered-wait = 等待
metered-small = 仅小型下载
metered-allow = 允许
setting-battery = 使用电池时
battery-hint = 低于 { $percent } 时等待充电
battery-wait = 电量低时等待
battery-ignore = 不等待
setting-channel = 渠道
channel-hint = 提供哪些版本
channel-stable = 稳定版
channel-beta = 测试版
setting-pin = 保持在某个版本
pin-to = 保持在 { $version }
pin-hint = 新版本会等到您关闭此选项
skipped-versions = 已跳过：{ $versions }
skipped-hint = 不会自动提供
on-hold-title = 已保持不变
on-hold-hint = 不会提供更新的版本
setting-check-every = 检查更新
check-every-hint = 检查的频率
check-every = 每 { $span }
setting-proxy = 代理
proxy-hint = 单独的地址在设置文件中填写
proxy-system = 跟随系统
proxy-off = 无
setting-language = 语言
language-system = 跟随系统
setting-look = 外观
setting-allowed-hours = 允许的时段
setting-defer-days = 先由他人试用的天数
setting-sources = 更新服务器
setting-patch-memory-mib = 小型下载所用内存
look-system = 跟随系统
look-light = 浅色
look-dark = 深色
pause-title = 暂停更新
pause-day = 一天
pause-week = 一周
pause-until-resumed = 直到我恢复
set-by-default = 默认
set-by-enrolment = 来自登记文件
set-by-person = 您的选择
set-by-administrator = 您的管理员
setting-reset = 恢复默认
setting-reset-app = 与所有程序相同
setting-inherited = 与所有程序一致
setting-refused = 未能更改。设置保持原样。
locked-by-administrator = 由管理员设置

## The window: support. A program looked at, what can be tried, and what may be sent to whoever helps.

support-why = 为什么没有更新？
support-decided = 不允许的规则：“{ $rule }”
support-program = 程序
support-check = 上次检查
support-settings = 生效的设置
support-rules = 上次决定所用的规则
support-rules-show = 显示规则
support-rules-hide = 隐藏规则
support-rules-none = 还没有检查询问过规则。
support-try = 可以尝试
diagnostics-copy = 复制诊断信息
diagnostics-export = 导出
diagnostics-log = 打开日志
diagnostics-copied = 已复制。其中不含姓名和密码。
diagnostics-by-hand = 无法访问剪贴板。请手动复制以下文本：
diagnostics-written = 已写入 { $path }
fact-version = 版本
fact-unreadable = 无法读取
fact-checksum = 校验和
fact-signed = 与发布者的签名一致
fact-unsigned = 无法确认是发布的版本
fact-path = 安装位置
fact-owner = 所有者：{ $user }
fact-replaceable = 可以替换
fact-enrolled = 登记者
enrolled-by-machine = 管理员
enrolled-by-user = 您
enrolled-by-program = 程序本身
fact-channel = 渠道
fact-group = 发布分组
fact-group-of = { $group } / { $groups }
fact-holds = 保持与跳过
fact-floor = 不早于
fact-last-check = 上次检查
fact-never = 从未
asked-by-timer = 自动
asked-by-person = 由您发起
asked-by-insisting = 由您发起，忽略分批和跳过
fact-result = 结果
fact-next-check = 下次检查
fact-not-planned = 未安排
fact-server = 服务器
fact-source = 服务器类型
source-lantern = Lantern
source-lantern-unproven = 它无法证明某个版本是最新的
fact-key = 发布者的密钥
fact-proxy = 代理
fact-free = 可用空间
fact-free-needed = 更新大小为 { $size }
try-force = 强制检查
try-force-hint = 忽略分批发布和已跳过的版本
try-full = 使用完整下载
try-full-hint = 不依赖已安装的文件
try-repair = 修复
try-repair-hint = 重新下载已损坏的内容
try-roll-back = 恢复到 { $version }
try-roll-back-hint = { $name } 会重新启动；您的文件会保留
try-hold = 保持现状
try-hold-hint = 在您允许之前不会提供更新的版本
try-version = 选择版本
try-version-open = 选择
try-version-close = 收起
version-known = 上次检查得知：{ $versions }
version-installed = 已安装
verdict-pass = 没有异议
verdict-stop = 不允许
verdict-overridden = 本应不允许，但以您的意愿为准
try-roll-back-button = 恢复

## The rules, by name, as support reads them.

rule-source = 服务器的类型，以及它无法证明什么
rule-schedule = 何时检查
rule-identity = 安装的是哪个版本
rule-sound = 已安装的内容来自某个发布版本
rule-platform = 适用于此类电脑
rule-channel = 渠道提供它
rule-newer = 比已安装的新
rule-floor = 不低于曾在此正常运行的版本
rule-known-bad = 不用曾在此运行不正常的版本
rule-undone = 不用已手动撤销的版本
rule-min-os = 系统足够新
rule-os-pin = 发布者为此系统固定的版本
rule-control = 发布者的推送名单有效
rule-halt = 发布者没有停止它
rule-recall = 发布者没有撤回它
rule-percentage = 轮到这台电脑
rule-skip = 您没有跳过它
rule-hold = 程序没有被设为保持不变
rule-pin = 要保持的版本
rule-age = 其他电脑先使用的时间
rule-turned-off = 管理员允许更新
rule-pause = 更新没有暂停
rule-quiet-hours = 现在不是静默时段
rule-allowed-hours = 管理员允许的时段
rule-busy = 程序不忙
rule-metered = 网络不按流量计费
rule-battery = 电量充足
rule-notify = 是否可以通知
rule-consent = 您已同意
rule-download-gate = 哪些内容可不经询问下载
rule-restart-gate = 何时可不经询问重新启动
rule-patch = 可用的差异
rule-route = 最省流量的方式

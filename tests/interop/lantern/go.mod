module lantern-peer

go 1.19

require (
	github.com/blang/semver v3.5.1+incompatible
	github.com/inconshreveable/go-update v0.0.0-20160112193335-8152e7eb6ccf
	github.com/kr/binarydist v0.1.0
)

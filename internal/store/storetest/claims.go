package storetest

import "slices"

// claims lists all that is claimed, a file a subject.
func claims() []claim {
	return slices.Concat(
		sessionClaims, clockClaims, rotateClaims, endClaims, feedClaims, headClaims, followClaims,
		changeClaims, guardClaims, userClaims, nameClaims, keyringClaims, collectClaims, recordClaims,
		standingClaims, resetClaims, deleteClaims, restoreClaims, clientClaims, throttleClaims, importClaims,
		raceClaims, momentClaims, orderClaims, cancelClaims, historyClaims,
	)
}

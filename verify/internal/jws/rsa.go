package jws

import (
	"crypto/rsa"
	"errors"
	"math/big"
)

// Shorter moduli can be factored by a state or soon will be, and longer ones only cost time.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

// newRS256 takes modulus and exponent, big-endian without leading zeros (RFC 7518, section 2).
func newRS256(id string, n, e []byte) (*Key, error) {
	if len(n) == 0 || n[0] == 0 || len(e) == 0 || e[0] == 0 {
		return nil, errors.New("a number of the RSA key is empty or begins with a zero")
	}
	// With e = 1 everything is its own signature; 3 has let forgeries through careless parsers. Nobody
	// has a reason for others than 65537, and Go's limit is 31 bits.
	if len(e) > 4 {
		return nil, errors.New("the RSA exponent is too long")
	}
	exponent := new(big.Int).SetBytes(e).Int64()
	if exponent < 65537 || exponent > 1<<31-1 || exponent%2 == 0 {
		return nil, errors.New("the RSA exponent is not an odd number from 65537 on")
	}
	modulus := new(big.Int).SetBytes(n)
	switch {
	case modulus.BitLen() < minRSABits || modulus.BitLen() > maxRSABits:
		return nil, errors.New("the RSA modulus has not 2048 to 4096 bits")
	case modulus.Bit(0) == 0:
		return nil, errors.New("the RSA modulus is even")
	case isROCA(modulus):
		return nil, errors.New("the RSA modulus has the pattern of ROCA (CVE-2017-15361)")
	}
	return &Key{id: id, alg: rs256, rsa: &rsa.PublicKey{N: modulus, E: int(exponent)}}, nil
}

// rocaPrimes are those modulo which the powers of 65537 leave numbers out.
var rocaPrimes = [...]int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// isROCA reports whether a modulus was made by the faulty generator of Infineon's chips. Its primes are
// a power of 65537 modulo a product of small primes, so their product is one too, modulo each of them.
// Of other moduli one in 2^27 looks like that by chance.
func isROCA(modulus *big.Int) bool {
	for _, p := range rocaPrimes {
		rest := new(big.Int).Mod(modulus, big.NewInt(p)).Int64()
		power, found := int64(1), false
		for range p {
			found = found || power == rest
			power = power * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}

package projections

import (
	"encoding/binary"

	"github.com/rapport-crm/rapport/domain"
)

// coder writes values to the end of buf, or reads them from its front: one description of a state serves both ways,
// so that they cannot drift apart.
type coder struct {
	buf     []byte
	writing bool
	failed  bool
}

func (k *coder) int(v *int64) {
	if k.writing {
		k.buf = binary.AppendVarint(k.buf, *v)
		return
	}
	x, n := binary.Varint(k.buf)
	if n <= 0 {
		k.failed, k.buf = true, nil
		return
	}
	*v, k.buf = x, k.buf[n:]
}

// number codes any integer type.
func number[T ~int | ~int32 | ~int64 | ~uint8](k *coder, v *T) {
	x := int64(*v)
	k.int(&x)
	if !k.writing {
		*v = T(x)
	}
}

// instant codes an instant relative to 2000, which keeps common ones short.
func (k *coder) instant(v *domain.Instant) {
	const epoch = domain.Instant(63082281600) * domain.Second
	x := int64(*v)
	if x != 0 {
		x -= int64(epoch)
		x = x<<1 | 1
	}
	k.int(&x)
	if !k.writing {
		*v = 0
		if x != 0 {
			*v = domain.Instant(x>>1) + epoch
		}
	}
}

func (k *coder) bool(v *bool) {
	var x uint8
	if *v {
		x = 1
	}
	number(k, &x)
	*v = x != 0
}

func (k *coder) string(v *string) {
	n := len(*v)
	number(k, &n)
	if k.writing {
		k.buf = append(k.buf, *v...)
		return
	}
	if n < 0 || n > len(k.buf) {
		k.failed, k.buf = true, nil
		return
	}
	*v, k.buf = string(k.buf[:n]), k.buf[n:]
}

// list codes a slice by the code of its elements.
func list[T any](k *coder, v *[]T, element func(*coder, *T)) {
	n := len(*v)
	number(k, &n)
	if k.writing {
		for i := range *v {
			x := (*v)[i]
			element(k, &x)
		}
		return
	}
	*v = nil
	if n < 0 || n > len(k.buf) {
		k.failed = k.failed || n != 0
		return
	}
	if n > 0 {
		*v = make([]T, n)
	}
	for i := range *v {
		element(k, &(*v)[i])
	}
}

func stringElement(k *coder, v *string) { k.string(v) }

// optional codes a part that may be absent.
func optional[T any](k *coder, v **T, part func(*coder, *T)) {
	present := *v != nil
	k.bool(&present)
	if !present {
		*v = nil
		return
	}
	var x T
	if k.writing {
		x = **v
	}
	part(k, &x)
	if !k.writing {
		*v = &x
	}
}

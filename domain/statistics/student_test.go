package statistics_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// The columns of the t table that textbooks print (Fisher and Yates, Statistical Tables, table III), three decimals.
func TestStudentQuantilesEqualThePrintedTable(t *testing.T) {
	t.Parallel()
	levels := []float64{0.90, 0.95, 0.99, 0.999}
	for degrees, row := range map[float64][]float64{
		1:  {6.314, 12.706, 63.657, 636.619},
		2:  {2.920, 4.303, 9.925, 31.599},
		3:  {2.353, 3.182, 5.841, 12.924},
		4:  {2.132, 2.776, 4.604, 8.610},
		5:  {2.015, 2.571, 4.032, 6.869},
		6:  {1.943, 2.447, 3.707, 5.959},
		7:  {1.895, 2.365, 3.499, 5.408},
		8:  {1.860, 2.306, 3.355, 5.041},
		9:  {1.833, 2.262, 3.250, 4.781},
		10: {1.812, 2.228, 3.169, 4.587},
		12: {1.782, 2.179, 3.055, 4.318},
		15: {1.753, 2.131, 2.947, 4.073},
		20: {1.725, 2.086, 2.845, 3.850},
		25: {1.708, 2.060, 2.787, 3.725},
		29: {1.699, 2.045, 2.756, 3.659},
		30: {1.697, 2.042, 2.750, 3.646},
		40: {1.684, 2.021, 2.704, 3.551},
		60: {1.671, 2.000, 2.660, 3.460},
		// The printed line "120" and the line of the normal distribution.
		120: {1.658, 1.980, 2.617, 3.373},
		1e9: {1.645, 1.960, 2.576, 3.291},
	} {
		for i, want := range row {
			got, ok := statistics.StudentQuantile(levels[i], degrees)
			if !ok || math.Abs(got-want) > 0.0005000001 {
				t.Errorf("t of %v at %v degrees is %v, want %v", levels[i], degrees, got, want)
			}
		}
	}
}

// The reference values were computed with 40 digits from the incomplete beta function.
func TestStudentQuantilesHaveTwelveDigits(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ level, degrees, want float64 }{
		{0.5, 1, 1.0}, {0.8, 1, 3.077683537175253}, {0.95, 1, 12.7062047361747}, {0.99, 1, 63.65674116287158}, {0.9999, 1, 6366.197671315936},
		{0.5, 1.37, 0.8951423547888244}, {0.8, 1.37, 2.334149113776566}, {0.95, 1.37, 6.885073156641709}, {0.99, 1.37, 22.49315253284006}, {0.9999, 1.37, 649.1078563794212},
		{0.5, 2, 0.816496580927726}, {0.8, 2, 1.885618083164127}, {0.95, 2, 4.302652729749464}, {0.99, 2, 9.924843200918293}, {0.9999, 2, 99.99249984374453},
		{0.5, 3, 0.7648923284043453}, {0.8, 3, 1.63774435369621}, {0.95, 3, 3.18244630528371}, {0.99, 3, 5.840909309733357}, {0.9999, 3, 28.00013001094898},
		{0.5, 4.5, 0.7328666862359945}, {0.8, 4.5, 1.500885317508558}, {0.95, 4.5, 2.658912347204404}, {0.99, 4.5, 4.272823993011293}, {0.9999, 4.5, 12.90943131432212},
		{0.5, 7, 0.7111417780817863}, {0.8, 7, 1.414923927650508}, {0.95, 7, 2.364624251592785}, {0.99, 7, 3.499483297350494}, {0.9999, 7, 7.884584262416603},
		{0.5, 29, 0.6830438608216132}, {0.8, 29, 1.311433647301551}, {0.95, 29, 2.045229642132704}, {0.99, 29, 2.756385903670605}, {0.9999, 29, 4.505511631210962},
		{0.5, 49, 0.6795296452626508}, {0.8, 49, 1.29906878474775}, {0.95, 49, 2.00957523712924}, {0.99, 49, 2.679951973631552}, {0.9999, 49, 4.235725936988678},
		{0.5, 50, 0.679428200326346}, {0.8, 50, 1.29871369419481}, {0.95, 50, 2.008559112100761}, {0.99, 50, 2.677793270940844}, {0.9999, 50, 4.228309866845811},
		{0.5, 51.3, 0.6793022712897924}, {0.8, 51.3, 1.298273044773295}, {0.95, 51.3, 2.00729875568643}, {0.99, 51.3, 2.675117224601359}, {0.9999, 51.3, 4.219131930002347},
		{0.5, 120, 0.6765397249125202}, {0.8, 120, 1.288646233656378}, {0.95, 120, 1.979930405082441}, {0.99, 120, 2.617421145106866}, {0.9999, 120, 4.025389950058388},
		{0.5, 999, 0.674735410346719}, {0.8, 999, 1.282399570037397}, {0.95, 999, 1.96234146113345}, {0.99, 999, 2.580759637267637}, {0.9999, 999, 3.906359561102211},
		{0.5, 13611, 0.6745077753791144}, {0.8, 13611, 1.281613767198545}, {0.95, 13611, 1.960138290514122}, {0.99, 13611, 2.576190569933004}, {0.9999, 13611, 3.891745326683426},
		{0.5, 99999, 0.6744922035778261}, {0.8, 99999, 1.281560031534021},
	} {
		got, ok := statistics.StudentQuantile(v.level, v.degrees)
		if !ok || math.Abs(got/v.want-1) > 1e-12 {
			t.Errorf("t of %v at %v degrees is %.16g, want %.16g", v.level, v.degrees, got, v.want)
		}
	}
}

func TestStudentQuantilesHaveTheClosedFormsOfOneAndTwoDegrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.Float64Range(0.01, 0.9999).Draw(t, "level")
		one, _ := statistics.StudentQuantile(level, 1)
		if want := math.Tan(level * math.Pi / 2); math.Abs(one/want-1) > 1e-10 {
			t.Fatalf("t of %v at one degree is %.16g, want %.16g", level, one, want)
		}
		two, _ := statistics.StudentQuantile(level, 2)
		if want := level * math.Sqrt(2/(1-level*level)); math.Abs(two/want-1) > 1e-10 {
			t.Fatalf("t of %v at two degrees is %.16g, want %.16g", level, two, want)
		}
	})
}

func TestStudentQuantilesFallWithTheDegreesAndRiseWithTheLevel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		degrees := rapid.Float64Range(1, 2e6).Draw(t, "degrees")
		here, ok := statistics.StudentQuantile(level, degrees)
		further, _ := statistics.StudentQuantile(level, degrees*1.5)
		surer, _ := statistics.StudentQuantile(level+0.0009, degrees)
		normal, _ := statistics.NormalQuantile(level)
		if !ok || further > here*(1+1e-14) || surer <= here || here < normal {
			t.Fatalf("t of %v at %v degrees is %v, %v at more degrees, %v at a higher level, %v of the normal distribution",
				level, degrees, here, further, surer, normal)
		}
	})
}

func TestAQuantileOutsideItsRangeIsAbsent(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ level, degrees float64 }{
		{0, 5}, {1, 5}, {-0.5, 5}, {1.5, 5}, {math.NaN(), 5}, {0.95, 0}, {0.95, 0.5}, {0.95, -1}, {0.95, math.NaN()},
	} {
		if got, ok := statistics.StudentQuantile(v.level, v.degrees); ok || got != 0 {
			t.Errorf("t of %v at %v degrees is %v", v.level, v.degrees, got)
		}
	}
}

func BenchmarkStudentQuantile(b *testing.B) {
	for b.Loop() {
		statistics.StudentQuantile(0.95, 1234)
	}
}

package importer

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed mappings/cdnow.yaml
var cdnowMapping []byte

//go:embed mappings/cdnow-sample.yaml
var cdnowSampleMapping []byte

//go:embed mappings/online-retail.yaml
var onlineRetailMapping []byte

// tableMapping returns the mapping of the file's format.
func (f *File) tableMapping() (*Mapping, error) {
	switch f.format {
	case CSV:
		return ParseMapping(f.mapping)
	case OnlineRetail:
		return ParseMapping(onlineRetailMapping)
	case CDNow:
		return cdnow(firstLine(f.text))
	}
	return nil, fmt.Errorf("format %q must be one of %v", f.format, Formats())
}

// cdnow tells the two files of CDNOW apart by their first line.
func cdnow(first string) (*Mapping, error) {
	fields := strings.Fields(first)
	if len(fields) == 5 {
		return ParseMapping(cdnowSampleMapping)
	}
	m, err := ParseMapping(cdnowMapping)
	if err != nil {
		return nil, err
	}
	header := len(fields) > 0 && !isDigits(fields[0])
	m.Header = &header
	return m, nil
}

package report

import "bytes"

// Files are what is published of a report, by their names.
func Files(r *Report) (map[string][]byte, error) {
	var data bytes.Buffer
	if err := r.Write(&data); err != nil {
		return nil, err
	}
	files := map[string][]byte{"performance.json": data.Bytes(), "performance.md": []byte(Page(r))}
	for _, c := range r.Charts {
		picture, err := SVG(c)
		if err != nil {
			return nil, err
		}
		files[file(c)] = picture
	}
	return files, nil
}

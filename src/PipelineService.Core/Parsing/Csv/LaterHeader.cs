using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>A header behind lines that are none, such as the title of a report and when it was made.</summary>
internal static class LaterHeader
{
    private const int LinesMax = 50;
    private const int LineBytesMax = 4096;

    /// <summary>Looks for the line that has the most names of the schema, and more than half of them.</summary>
    /// <param name="beginning">The first lines of the data, as far as they are at hand.</param>
    /// <param name="matches">Names that the header has as it was read.</param>
    /// <param name="delimiters">By which fields of it may be parted, those of the dialect first.</param>
    /// <returns>The number of the line, from 1 on, and the delimiter; null where none is better.</returns>
    public static (int Row, string Delimiter)? Find(
        ReadOnlySpan<byte> beginning, TableSchema schema, CsvDialect dialect, int matches, IEnumerable<string> delimiters)
    {
        string[] wanted = [.. schema.FieldsInData.Select(field => field.NameInData).Distinct(StringComparer.Ordinal)];
        int most = Math.Max(Math.Max(matches, 1), wanted.Length / 2);
        (int Row, string Delimiter)? found = null;
        for (int row = 1; row <= LinesMax && !beginning.IsEmpty; row++)
        {
            int length = beginning.IndexOfAny((byte)'\r', (byte)'\n');
            ReadOnlySpan<byte> line = length < 0 ? [] : beginning[..length]; // one that is not whole is none
            foreach (string delimiter in line.Length is 0 or > LineBytesMax ? [] : delimiters)
            {
                ImmutableArray<string> names = CsvHeader.Read(line, dialect with { Delimiter = delimiter }, line.Length, out _);
                int has = wanted.Count(name => names.Contains(name));
                (most, found) = has > most ? (has, (row, delimiter)) : (most, found);
            }

            int end = length < 0 ? beginning.Length : length + 1;
            end += length >= 0 && beginning[end..] is [(byte)'\n', ..] && beginning[length] == '\r' ? 1 : 0;
            beginning = beginning[end..];
        }

        return found;
    }
}

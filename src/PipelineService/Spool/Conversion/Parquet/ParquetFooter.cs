using System.Globalization;
using System.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>The pages of one column in one row group, as the end of the file describes them.</summary>
internal sealed record ColumnPages
{
    /// <summary>How a message calls it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where its first page begins.</summary>
    public required long Start { get; init; }

    /// <summary>Where its last page ends.</summary>
    public required long End { get; init; }

    /// <summary>Values in its pages, with those that are null.</summary>
    public required long Values { get; init; }

    /// <summary>By which its pages are compressed.</summary>
    public required ParquetCodec Codec { get; init; }

    /// <summary>Rows of the row group.</summary>
    public long Rows { get; init; }

    /// <summary>How many lists a value is in: 0 is one value a row. Null where that is not known.</summary>
    public int? Depth { get; init; }
}

/// <summary>How pages may be compressed.</summary>
internal enum ParquetCodec
{
    None = 0,
    Snappy = 1,
    Gzip = 2,
    Brotli = 4,
    Zstd = 6,
    Lz4 = 7,
}

/// <summary>
/// Reads the end of a Parquet file as far as it says where pages are and how much is in them. What cannot be read is left out: the library
/// that reads the file meets it too. Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
/// </summary>
internal ref struct ParquetFooter(ReadOnlySpan<byte> metadata, Func<ColumnPages, string?> faultOf)
{
    private readonly List<ColumnPages?> _columns = [];
    private ThriftReader _reader = new(metadata);

    /// <summary>Of each column that a row has, how many lists a value of it is in.</summary>
    private List<int> _depths = [];
    private int _groups;

    /// <summary>Looks at one row group after the other: there may be a million columns in all of them.</summary>
    /// <param name="metadata">The end of the file.</param>
    /// <param name="faultOf">Looks at a column.</param>
    /// <returns>The first fault that it finds; null where it finds none.</returns>
    public static string? FirstFault(ReadOnlySpan<byte> metadata, Func<ColumnPages, string?> faultOf) =>
        new ParquetFooter(metadata, faultOf).FirstFault();

    private string? FirstFault()
    {
        const int Schema = 2, RowGroups = 4;
        for (int id = 0; _reader.Field(ref id) is not 0 and int type;)
        {
            switch (id)
            {
                case Schema when type == ThriftReader.List:
                    _depths = ReadDepths();
                    break;
                case RowGroups when type == ThriftReader.List:
                    int groups = _reader.Items(out int item);
                    for (int i = 0; i < groups && item == ThriftReader.Struct && !_reader.IsBroken; i++)
                    {
                        if (FaultOfGroup() is { } fault)
                        {
                            return fault;
                        }
                    }

                    break;
                default:
                    _reader.Skip(type);
                    break;
            }
        }

        return null;
    }

    /// <summary>Elements come one behind the other: a group says how many of those that follow are its own.</summary>
    private List<int> ReadDepths()
    {
        List<int> depths = [];
        Stack<(int Left, int Depth)> groups = [];
        int elements = _reader.Items(out int item);
        for (int i = 0; i < elements && item == ThriftReader.Struct && !_reader.IsBroken; i++)
        {
            (bool isRepeated, int children) = ReadElement();
            int depth = isRepeated && i > 0 ? 1 : 0;
            if (groups.TryPop(out (int Left, int Depth) group))
            {
                groups.Push(group with { Left = group.Left - 1 });
                depth += group.Depth;
            }

            if (children > 0)
            {
                groups.Push((children, depth));
            }
            else
            {
                depths.Add(depth);
            }

            while (groups.TryPeek(out group) && group.Left == 0)
            {
                groups.Pop();
            }
        }

        return depths;
    }

    private (bool IsRepeated, int Children) ReadElement()
    {
        const int RepetitionType = 3, NumChildren = 5, Repeated = 2;
        (long repetition, long children) = (0, 0);
        for (int id = 0; _reader.Field(ref id) is not 0 and int type;)
        {
            switch (id)
            {
                case RepetitionType:
                    repetition = _reader.Integer();
                    break;
                case NumChildren:
                    children = _reader.Integer();
                    break;
                default:
                    _reader.Skip(type);
                    break;
            }
        }

        return (repetition == Repeated, (int)Math.Clamp(children, 0, int.MaxValue));
    }

    private string? FaultOfGroup()
    {
        const int Columns = 1, NumRows = 3;
        long rows = 0;
        _groups++;
        _columns.Clear();
        for (int id = 0; _reader.Field(ref id) is not 0 and int type;)
        {
            switch (id)
            {
                case Columns when type == ThriftReader.List:
                    int count = _reader.Items(out int item);
                    for (int i = 0; i < count && item == ThriftReader.Struct && !_reader.IsBroken; i++)
                    {
                        _columns.Add(ReadColumn());
                    }

                    break;
                case NumRows:
                    rows = _reader.Integer();
                    break;
                default:
                    _reader.Skip(type);
                    break;
            }
        }

        for (int i = 0; i < _columns.Count && !_reader.IsBroken; i++)
        {
            int? depth = _depths.Count == _columns.Count ? _depths[i] : null;
            if (_columns[i] is { } column && faultOf(column with { Rows = rows, Depth = depth }) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    /// <returns>Null for one whose pages are elsewhere, encrypted, or nowhere.</returns>
    private ColumnPages? ReadColumn()
    {
        const int FilePath = 1, MetaData = 3, Encryption = 8;
        ColumnPages? pages = null;
        bool isElsewhere = false;
        for (int id = 0; _reader.Field(ref id) is not 0 and int type;)
        {
            isElsewhere |= id is FilePath or Encryption;
            if (id == MetaData && type == ThriftReader.Struct)
            {
                pages = ReadPages();
            }
            else
            {
                _reader.Skip(type);
            }
        }

        return isElsewhere ? null : pages;
    }

    private ColumnPages? ReadPages()
    {
        const int Path = 3, Codec = 4, NumValues = 5, CompressedBytes = 7, DataOffset = 9, DictionaryOffset = 11;
        string name = "";
        (long codec, long values, long bytes, long data, long dictionary) = (0, 0, 0, 0, 0);
        for (int id = 0; _reader.Field(ref id) is not 0 and int type;)
        {
            switch (id)
            {
                case Path when type == ThriftReader.List:
                    name = ReadName();
                    break;
                case Codec:
                    codec = _reader.Integer();
                    break;
                case NumValues:
                    values = _reader.Integer();
                    break;
                case CompressedBytes:
                    bytes = _reader.Integer();
                    break;
                case DataOffset:
                    data = _reader.Integer();
                    break;
                case DictionaryOffset:
                    dictionary = _reader.Integer();
                    break;
                default:
                    _reader.Skip(type);
                    break;
            }
        }

        long start = dictionary > 0 && dictionary < data ? dictionary : data;
        return start <= 0 || bytes <= 0 || bytes > long.MaxValue - start ? null : new ColumnPages
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"column \"{Excerpt.Of(name)}\" in row group {_groups}"),
            Start = start,
            End = start + bytes,
            Values = values,
            Codec = codec is >= 0 and <= int.MaxValue ? (ParquetCodec)codec : (ParquetCodec)(-1),
        };
    }

    private string ReadName()
    {
        StringBuilder name = new();
        int parts = _reader.Items(out int item);
        for (int i = 0; i < parts && item == ThriftReader.Binary && !_reader.IsBroken; i++)
        {
            name.Append(i == 0 ? "" : ".").Append(Encoding.UTF8.GetString(_reader.Bytes()));
        }

        return name.ToString();
    }
}

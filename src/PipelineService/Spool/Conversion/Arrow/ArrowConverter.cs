using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// Reads Arrow IPC, a stream or a file, batch by batch. Of each batch what it takes is known before it is taken, and every place that the
/// data names is looked at before it is read.
/// </summary>
internal sealed class ArrowConverter
{
    private readonly ConversionRequest _request;
    private readonly PackedRows _rows;
    private readonly Dictionary<long, ArrowDictionary> _dictionaries = [];
    private ArrowVector[]? _columns;

    private ArrowConverter(ConversionRequest request, PackedRows rows) => (_request, _rows) = (request, rows);

    /// <exception cref="UnconvertibleException">It is damaged, or has what is not read.</exception>
    /// <exception cref="DemandingException">A batch takes more memory than there is.</exception>
    public static void Convert(ConversionRequest request, PackedRows rows)
    {
        try
        {
            new ArrowConverter(request, rows).Convert();
        }
        catch (OverflowException)
        {
            throw ArrowFaults.Damaged("a number in it is none that it could be");
        }
    }

    /// <summary>Goes once through what is done for each row.</summary>
    public static void GetReady(PackedRows rows)
    {
        ArrowVector[] columns =
        [
            new IntegerVector<long>(PackedTag.Integer), new IntegerVector<int>(PackedTag.Integer), new FloatVector(64, PackedTag.Float),
            new DecimalVector(128, 2, PackedTag.Decimal), new DateVector(isInDays: true, PackedTag.Date),
            new TimestampVector(2, isInUtc: true, PackedTag.Instant), new BoolVector(), new VariableVector(BytesForm.Text, isLarge: false),
        ];
        ByteSlice zeros = new(new byte[64], 0, 64);
        BatchCursor cursor = new(new ArrowBatch(
            1, [.. columns.Select(_ => (1L, 0L))], [.. Enumerable.Repeat(zeros, 3 * columns.Length)], [], HasUnionNulls: false));
        Array.ForEach(columns, column => column.Bind(cursor));
        rows.Write(columns, 1);
        rows.Flush();
    }

    private void Convert()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(_request.Path);
        BatchReader batches = new(file, _request.MemoryBytes);
        foreach (ArrowMessage message in new ArrowSource(file).Messages())
        {
            switch (message.Kind)
            {
                case ArrowMessageKind.Schema when _columns is null:
                    Begin(ArrowSchema.Read(message.Header()));
                    break;
                case ArrowMessageKind.DictionaryBatch when _columns is not null:
                    Take(message, batches);
                    break;
                case ArrowMessageKind.RecordBatch when _columns is not null:
                    Write(batches.Read(message, message.Header(), isKept: false), _columns);
                    break;
                default:
                    throw ArrowFaults.Damaged(
                        _columns is null ? "it does not begin with a schema" : "a message is none of those that follow a schema");
            }
        }

        _rows.Flush();
    }

    private void Begin(ArrowField[] fields)
    {
        ArrowVectors vectors = new(
            id => _dictionaries.TryGetValue(id, out ArrowDictionary? known) ? known : _dictionaries[id] = new ArrowDictionary());
        _columns = [.. fields.Select(field => vectors.Of(field, _request.FormOf(field.Name), _request.PackedFormOf(field.Name)))];
        _rows.Names(fields.Select(field => field.Name));
        _rows.Flush(); // whether the names fit is looked at while the rest is read
    }

    private void Take(ArrowMessage message, BatchReader batches)
    {
        FlatTable header = message.Header();
        if (!_dictionaries.TryGetValue(header.Long(0), out ArrowDictionary? dictionary))
        {
            throw ArrowFaults.Damaged("a dictionary is that of no column");
        }

        if (!header.Bool(2))
        {
            dictionary.Parts.ForEach(batches.Release);
            dictionary.Parts.Clear();
        }

        dictionary.Parts.Add(batches.Read(message, header.Table(1), isKept: true));
    }

    private void Write(ArrowBatch batch, ArrowVector[] columns)
    {
        BatchCursor cursor = new(batch);
        foreach (ArrowVector column in columns)
        {
            column.Bind(cursor);
            if (column.Length != batch.Length)
            {
                throw ArrowFaults.Damaged("a column has not as many values as its batch has rows");
            }
        }

        cursor.ThrowUnlessAllIsTaken();
        _rows.Write(columns, columns.Length == 0 ? 0 : batch.Length);
    }
}

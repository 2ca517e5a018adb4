using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>
/// What a model gives for the records of a chunk that come to an op, by the numbers of the records. Belongs to a worker, used again for
/// chunk after chunk; nothing is allocated for a record once the arrays have grown.
/// </summary>
public sealed class ChunkScores
{
    private ScoreModel? _model;
    private ScoreBlock? _block;
    private ImmutableArray<ScoreResult> _results = [];
    private ImmutableArray<ModelTensor> _outputs = [];
    private long[] _records = [];
    private bool[] _isScored = [];
    private long[][] _values = [];
    private byte[] _text = [];
    private int _textLength;
    private int _count;
    private int _inBlock;
    private int _next;

    /// <summary>Begins a chunk: what was there is forgotten.</summary>
    public void Begin(ScoreModel model)
    {
        GiveBack();
        (_model, _results, _outputs) = (model, model.Layout.Results, model.Layout.Outputs);
        if (_values.Length < _results.Length)
        {
            Array.Resize(ref _values, _results.Length);
        }

        for (int i = 0; i < _results.Length; i++)
        {
            _values[i] ??= [];
        }

        (_count, _inBlock, _next, _textLength) = (0, 0, 0, 0);
    }

    /// <summary>The block whose next row the record at hand fills in.</summary>
    public ScoreBlock Block => _block ??= _model!.Rent();

    /// <summary>That row.</summary>
    public int Row => _inBlock;

    /// <summary>The row is filled in; the model is asked when the block is full.</summary>
    /// <param name="record">1-based number of the record in the upload.</param>
    public void Add(long record)
    {
        if (_count == _records.Length)
        {
            Grow();
        }

        _records[_count++] = record;
        if (++_inBlock == Block.Capacity)
        {
            Run();
        }
    }

    /// <summary>All records have come.</summary>
    public void End()
    {
        if (_inBlock > 0)
        {
            Run();
        }

        GiveBack();
    }

    /// <summary>Finds a record.</summary>
    /// <param name="record">Its number.</param>
    /// <param name="index">For <see cref="IsScored"/> and <see cref="TryTake"/>.</param>
    /// <returns>False when it has not come to the op.</returns>
    public bool TryFind(long record, out int index)
    {
        // They come in the order in which they came before.
        index = _next;
        if ((uint)index >= (uint)_count || _records[index] != record)
        {
            index = Array.BinarySearch(_records, 0, _count, record);
        }

        _next = index + 1;
        return index >= 0;
    }

    /// <summary>Whether the model could give anything for a record.</summary>
    public bool IsScored(int index) => _isScored[index];

    /// <summary>What a field takes.</summary>
    /// <param name="index">The record.</param>
    /// <param name="result">0-based index among the layout's results.</param>
    /// <param name="value">The value.</param>
    /// <returns>False when it is a number that is none: NaN or infinite; or greater than the field's kind can hold.</returns>
    public bool TryTake(int index, int result, out TypedValue value)
    {
        long word = _values[result][index];
        ScoreResult taken = _results[result];
        value = new TypedValue { Kind = taken.Kind };
        switch (_outputs[taken.Output].Kind)
        {
            case TensorKind.Float:
                float single = BitConverter.Int32BitsToSingle((int)word);
                return taken.Kind == TypedKind.Number ? ScoreNumbers.TryToDecimal(single, ref value) : ScoreNumbers.TryToDouble(single, ref value);
            case TensorKind.Double:
                double number = BitConverter.Int64BitsToDouble(word);
                return taken.Kind == TypedKind.Number ? ScoreNumbers.TryToDecimal(number, ref value) : ScoreNumbers.TryToDouble(number, ref value);
            case TensorKind.Text:
                value.Text = new TextSlice(_text, (int)(word >> 32), (int)word);
                return true;
            default:
                value.Word = word;
                value.Number = taken.Kind == TypedKind.Number ? word : 0;
                value.Float = word;
                return true;
        }
    }

    /// <summary>Gives the model back, whatever has come of it.</summary>
    private void GiveBack()
    {
        if (_block is not null)
        {
            _model!.Return(_block);
            _block = null;
        }
    }

    private void Run()
    {
        ScoreBlock block = Block;
        int first = _count - _inBlock;
        if (!TryRun(block, first, _inBlock) && _inBlock > 1)
        {
            // One record that the model cannot take costs itself, not those beside it.
            block.Save(_inBlock);
            RunHalves(block, first, 0, _inBlock);
        }

        _inBlock = 0;
    }

    private void RunHalves(ScoreBlock block, int first, int start, int rows)
    {
        int half = rows / 2;
        RunPart(block, first, start, half);
        RunPart(block, first, start + half, rows - half);
    }

    private void RunPart(ScoreBlock block, int first, int start, int rows)
    {
        block.Restore(start, rows);
        if (!TryRun(block, first + start, rows) && rows > 1)
        {
            RunHalves(block, first, start, rows);
        }
    }

    private bool TryRun(ScoreBlock block, int first, int rows)
    {
        bool isScored = block.TryRun(rows);
        _isScored.AsSpan(first, rows).Fill(isScored);
        for (int i = 0; i < _results.Length && isScored; i++)
        {
            Take(block, i, first, rows);
        }

        return isScored;
    }

    private void Take(ScoreBlock block, int result, int first, int rows)
    {
        (int output, int place) = (_results[result].Output, _results[result].Place);
        (TensorKind kind, int width) = (_outputs[output].Kind, _outputs[output].Width);
        ReadOnlySpan<byte> bytes = block.Outputs[output];
        Span<long> values = _values[result].AsSpan(first, rows);
        for (int i = 0, at = place; i < rows; i++, at += width)
        {
            values[i] = kind switch
            {
                TensorKind.Float or TensorKind.Int32 => MemoryMarshal.Cast<byte, int>(bytes)[at],
                TensorKind.Boolean => bytes[at] == 0 ? 0 : 1,
                TensorKind.Text => Keep(block.TextOf(output, at)),
                _ => BinaryPrimitives.ReadInt64LittleEndian(bytes[(at * sizeof(long))..]),
            };
        }
    }

    private long Keep(ReadOnlySpan<byte> text)
    {
        if (_text.Length - _textLength < text.Length)
        {
            Array.Resize(ref _text, Math.Max(_textLength + text.Length, Math.Max(1_024, _text.Length * 2)));
        }

        text.CopyTo(_text.AsSpan(_textLength));
        long kept = ((long)_textLength << 32) | (uint)text.Length;
        _textLength += text.Length;
        return kept;
    }

    private void Grow()
    {
        int size = Math.Max(64, _records.Length * 2);
        Array.Resize(ref _records, size);
        Array.Resize(ref _isScored, size);
        for (int i = 0; i < _values.Length; i++)
        {
            Array.Resize(ref _values[i], size);
        }
    }
}

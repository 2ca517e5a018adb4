using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using PipelineService.Core.Scoring;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Datasets.Models;

/// <summary>
/// Records on their way through a model: buffers at fixed addresses, and tensors over them for each number of rows that is used. What is
/// missing to the next of these numbers is filled up with the first row.
/// </summary>
internal sealed class OnnxBlock : ScoreBlock, IDisposable
{
    private readonly InferenceSession _session;
    private readonly ModelCounts? _counts;
    private readonly ImmutableArray<ModelTensor> _inputs;
    private readonly ImmutableArray<ModelTensor> _outputs;
    private readonly ImmutableArray<int> _sizes;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly RunOptions _options = new();
    private readonly Tensors?[] _tensors;
    private readonly BlockTexts[] _texts;
    private readonly bool _givesText;
    private byte[][]? _saved;
    private IDisposableReadOnlyCollection<OrtValue>? _given;

    public OnnxBlock(OnnxModel model, ScoreLayout layout)
    {
        (_session, _counts) = (model.Session, model.Counts);
        _inputs = [.. layout.Inputs.Select(input => input.Tensor)];
        _outputs = layout.Outputs;
        _sizes = model.Signature.BlockSizes;
        _tensors = new Tensors?[_sizes.Length];
        _inputNames = [.. _inputs.Select(input => input.Name)];
        _outputNames = [.. _outputs.Select(output => output.Name)];
        _givesText = _outputs.Any(output => output.Kind == TensorKind.Text);
        Inputs = [.. _inputs.Select(input => OnnxTensors.BufferOf(input, Capacity))];
        Outputs = [.. _outputs.Select(output => OnnxTensors.BufferOf(output, Capacity))];
        _texts = [.. _inputs.Select(input => new BlockTexts(input.Kind == TensorKind.Text ? Capacity * input.Width : 0))];
    }

    /// <inheritdoc/>
    public override int Capacity => _sizes[^1];

    /// <inheritdoc/>
    public override ImmutableArray<byte[]> Inputs { get; }

    /// <inheritdoc/>
    public override ImmutableArray<byte[]> Outputs { get; }

    /// <inheritdoc/>
    public override void SetText(int input, int place, ReadOnlySpan<byte> text) => _texts[input].Set(place, text);

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> TextOf(int output, int place) => _given![output].GetStringElementAsSpan(place);

    /// <inheritdoc/>
    public override bool TryRun(int rows)
    {
        int size = 0;
        while (_sizes[size] < rows)
        {
            size++;
        }

        Tensors tensors = _tensors[size] ??= new Tensors(this, _sizes[size], _givesText);
        for (int i = 0; i < _inputs.Length; i++)
        {
            Pad(i, rows, _sizes[size], tensors.Inputs[i]);
        }

        try
        {
            Run(tensors, _sizes[size]);
            _counts?.Called(rows, hasAnswered: true);
        }
        catch (OnnxRuntimeException e) when (!IsOfMemory(e))
        {
            _counts?.Called(rows, hasAnswered: false);
            return false;
        }
        finally
        {
            ClearTexts();
        }

        return true;
    }

    /// <inheritdoc/>
    public override void Save(int rows)
    {
        _saved ??= [.. Inputs.Select(input => new byte[input.Length])];
        for (int i = 0; i < _inputs.Length; i++)
        {
            Inputs[i].AsSpan(0, rows * RowBytes(i)).CopyTo(_saved[i]);
            if (_inputs[i].Kind == TensorKind.Text)
            {
                _texts[i].Save(rows * _inputs[i].Width);
            }
        }
    }

    /// <inheritdoc/>
    public override void Restore(int start, int rows)
    {
        for (int i = 0; i < _inputs.Length; i++)
        {
            _saved![i].AsSpan(start * RowBytes(i), rows * RowBytes(i)).CopyTo(Inputs[i]);
            if (_inputs[i].Kind == TensorKind.Text)
            {
                _texts[i].Restore(start * _inputs[i].Width, rows * _inputs[i].Width);
            }
        }
    }

    public void Dispose()
    {
        _given?.Dispose();
        foreach (Tensors? tensors in _tensors)
        {
            tensors?.Dispose();
        }

        _options.Dispose();
    }

    private void Run(Tensors tensors, int rows)
    {
        if (!_givesText)
        {
            _session.Run(_options, _inputNames, tensors.Inputs, _outputNames, tensors.Outputs);
            return;
        }

        _given?.Dispose();
        _given = null;
        _given = _session.Run(_options, _inputNames, tensors.Inputs, _outputNames);
        for (int i = 0; i < _outputs.Length; i++)
        {
            ModelTensor output = _outputs[i];
            if (!OnnxTrial.IsOf(output, _given[i].GetTensorTypeAndShape(), rows))
            {
                throw new InvalidOperationException($"The model gave {output} of another shape than when it was tried.");
            }

            if (output.Kind != TensorKind.Text)
            {
                _given[i].GetTensorDataAsSpan<byte>().CopyTo(Outputs[i]);
            }
        }
    }

    private void Pad(int input, int rows, int size, OrtValue tensor)
    {
        int width = _inputs[input].Width;
        if (_inputs[input].Kind == TensorKind.Text)
        {
            for (int i = 0; i < size * width; i++)
            {
                tensor.StringTensorSetElementAt(_texts[input].Get(i < rows * width ? i : i % width), i);
            }

            return;
        }

        int bytes = RowBytes(input);
        Span<byte> buffer = Inputs[input];
        for (int row = rows; row < size; row++)
        {
            buffer[..bytes].CopyTo(buffer[(row * bytes)..]);
        }
    }

    /// <summary>The texts of the next rows that are filled in take the room of these, which stay where they are until then.</summary>
    private void ClearTexts()
    {
        foreach (BlockTexts texts in _texts)
        {
            texts.Clear();
        }
    }

    private int RowBytes(int input) => _inputs[input].Width * TensorKinds.BytesOf(_inputs[input].Kind);

    /// <summary>A want of memory says nothing of the records.</summary>
    private static bool IsOfMemory(OnnxRuntimeException e) =>
        e.Message.Contains("bad_alloc", StringComparison.Ordinal) || e.Message.Contains("bad allocation", StringComparison.Ordinal)
        || e.Message.Contains("Failed to allocate memory", StringComparison.Ordinal);

    /// <summary>Tensors of so many rows over the block's buffers.</summary>
    private sealed class Tensors : IDisposable
    {
        public Tensors(OnnxBlock block, int rows, bool givesText)
        {
            Inputs = [.. block._inputs.Select((input, i) => OnnxTensors.Of(input, rows, block.Inputs[i]))];
            Outputs = givesText ? [] : [.. block._outputs.Select((output, i) => OnnxTensors.Of(output, rows, block.Outputs[i]))];
        }

        public OrtValue[] Inputs { get; }

        public OrtValue[] Outputs { get; }

        public void Dispose()
        {
            foreach (OrtValue value in Inputs.Concat(Outputs))
            {
                value.Dispose();
            }
        }
    }
}

/// <summary>Texts on their way to a tensor, which takes them when it is known how many rows there are.</summary>
internal sealed class BlockTexts(int count)
{
    private readonly (int Start, int Length)[] _places = new (int, int)[count];
    private (int Start, int Length)[] _saved = [];
    private byte[] _bytes = [];
    private int _length;

    public void Set(int place, ReadOnlySpan<byte> text)
    {
        if (_bytes.Length - _length < text.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_length + text.Length, Math.Max(4_096, _bytes.Length * 2)));
        }

        text.CopyTo(_bytes.AsSpan(_length));
        _places[place] = (_length, text.Length);
        _length += text.Length;
    }

    public ReadOnlySpan<byte> Get(int place) => _bytes.AsSpan(_places[place].Start, _places[place].Length);

    public void Save(int places)
    {
        _saved = _saved.Length < _places.Length ? new (int, int)[_places.Length] : _saved;
        _places.AsSpan(0, places).CopyTo(_saved);
    }

    public void Restore(int start, int places) => _saved.AsSpan(start, places).CopyTo(_places);

    public void Clear() => _length = 0;
}

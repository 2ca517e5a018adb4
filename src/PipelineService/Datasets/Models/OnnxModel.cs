using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;
using PipelineService.Core.Scoring;
using PipelineService.Hosting.Telemetry;
using RuntimeOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace PipelineService.Datasets.Models;

/// <summary>A version of a model, loaded: one session, which any number of threads may ask.</summary>
internal sealed class OnnxModel : IDisposable
{
    /// <param name="file">Its bytes, as they were taken.</param>
    /// <param name="signature">What it takes and gives.</param>
    public OnnxModel(byte[] file, ModelSignature signature)
        : this(Open(file), signature)
    {
    }

    private OnnxModel(InferenceSession session, ModelSignature signature) => (Session, Signature) = (session, signature);

    public InferenceSession Session { get; }

    public ModelSignature Signature { get; }

    /// <summary>Takes what it is asked; null: nobody counts.</summary>
    public ModelCounts? Counts { get; init; }

    /// <summary>
    /// One thread, that of the worker who asks, which waits for nothing: many sessions with threads of their own, which spin while they
    /// wait
    /// for work, would take the processors from all others. No arena: it would keep the memory of the largest run for ever.
    /// </summary>
    /// <exception cref="OnnxRuntimeException">It cannot be used.</exception>
    public static InferenceSession Open(byte[] file)
    {
        using RuntimeOptions options = new()
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableCpuMemArena = false,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");

        // Else a file could call itself one of the runtime's own format, which nobody has looked through.
        options.AddSessionConfigEntry("session.load_model_format", "ONNX");
        return new InferenceSession(file, options);
    }

    public void Dispose() => Session.Dispose();
}

/// <summary>A loaded model as an op of a job asks it.</summary>
internal sealed class OnnxScoreModel(OnnxModel model, ScoreLayout layout) : ScoreModel, IDisposable
{
    private readonly ConcurrentBag<OnnxBlock> _idle = [];

    /// <inheritdoc/>
    public override ScoreLayout Layout => layout;

    /// <inheritdoc/>
    public override ScoreBlock Rent() => _idle.TryTake(out OnnxBlock? block) ? block : new OnnxBlock(model, layout);

    /// <inheritdoc/>
    public override void Return(ScoreBlock block) => _idle.Add((OnnxBlock)block);

    public void Dispose()
    {
        while (_idle.TryTake(out OnnxBlock? block))
        {
            block.Dispose();
        }
    }
}

using System.Diagnostics.Metrics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>What is counted of models that score records, by their names, of which the first ones are kept apart.</summary>
public sealed class ModelMetrics
{
    private const int ModelsMax = 100;

    private readonly Meter _meter;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _rows;
    private readonly Counter<long> _errors;
    private readonly BoundedLabel _models = new(ModelsMax);

    public ModelMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(PipelineMetrics.MeterName);
        _calls = _meter.CreateCounter<long>("pipeline.model.calls", "{call}", "Calls of a model, each for some thousand rows at most.");
        _rows = _meter.CreateCounter<long>("pipeline.model.rows", "{row}", "Rows that a model was asked for, in every attempt.");
        _errors = _meter.CreateCounter<long>(
            "pipeline.model.errors", "{call}", "Calls that a model did not answer; their rows are asked for again in smaller parts.");
    }

    /// <summary>What is counted of one model.</summary>
    public ModelCounts Of(string model) => new(_calls, _rows, _errors, new KeyValuePair<string, object?>("model", _models.Of(model)));

    /// <param name="loaded">Versions of models that are in memory.</param>
    public void Observe(Func<int> loaded) => _meter.CreateObservableGauge(
        "pipeline.model.loaded", loaded, "{model}", "Versions of models that are in memory.");
}

/// <summary>Counts what one model does.</summary>
public sealed class ModelCounts
{
    private readonly Counter<long> _calls;
    private readonly Counter<long> _rows;
    private readonly Counter<long> _errors;
    private readonly KeyValuePair<string, object?> _label;

    internal ModelCounts(Counter<long> calls, Counter<long> rows, Counter<long> errors, KeyValuePair<string, object?> label) =>
        (_calls, _rows, _errors, _label) = (calls, rows, errors, label);

    public void Called(int rows, bool hasAnswered)
    {
        _calls.Add(1, _label);
        _rows.Add(rows, _label);
        if (!hasAnswered)
        {
            _errors.Add(1, _label);
        }
    }
}

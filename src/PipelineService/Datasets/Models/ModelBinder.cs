using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Scoring;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Models;

/// <summary>The models that the ops of one load ask; disposed of with the load.</summary>
public sealed class BoundModels : IDisposable
{
    private readonly ImmutableArray<IDisposable> _held;
    private readonly ImmutableDictionary<int, ScoreModel> _models;

    internal BoundModels(ImmutableDictionary<int, ScoreModel> models, ImmutableArray<IDisposable> held) => (_models, _held) = (models, held);

    public static BoundModels None { get; } = new(ImmutableDictionary<int, ScoreModel>.Empty, []);

    /// <summary>All answers of a load: what it looks up, and these models.</summary>
    /// <param name="lookups">Null where nothing is looked up.</param>
    public ExternalAnswers? With(ExternalAnswers? lookups) =>
        _models.IsEmpty ? lookups : (lookups ?? ExternalAnswers.None).With(_models);

    public void Dispose()
    {
        foreach (IDisposable held in _held)
        {
            held.Dispose();
        }
    }
}

/// <summary>Brings the ops that score records together with the versions of the models that a job has pinned.</summary>
public sealed class ModelBinder(ModelSessions sessions)
{
    /// <param name="plan">Of the job's dataset.</param>
    /// <param name="versions">By the reference of a definition the version that it means.</param>
    /// <exception cref="JobFaultException">A model is not there, or is not what the definition was held against.</exception>
    public async Task<BoundModels> LoadAsync(RowPlan plan, IReadOnlyDictionary<string, int> versions, CancellationToken cancellationToken)
    {
        if (plan.Scores.IsEmpty)
        {
            return BoundModels.None;
        }

        List<IDisposable> held = [];
        var models = ImmutableDictionary.CreateBuilder<int, ScoreModel>();
        try
        {
            foreach (ScoreUse use in plan.Scores)
            {
                (string name, _) = ScoreOp.Split(use.Model);
                int version = versions[use.Model];
                ModelLease lease = await sessions.TakeAsync(name, version, cancellationToken);
                held.Insert(0, lease);
                ScoreLayout layout = ScoreFit.Of(lease.Model.Signature, use, static (_, _) => "", out ImmutableArray<ScoreFault> faults)
                    ?? throw new JobFaultException(ModelProblems.Changed(name, version, faults.Select(fault => fault.Sentence)));
                OnnxScoreModel model = new(lease.Model, layout);
                held.Insert(0, model);
                models.Add(use.Op, model);
            }
        }
        catch
        {
            held.ForEach(one => one.Dispose());
            throw;
        }

        return new BoundModels(models.ToImmutable(), [.. held]);
    }
}

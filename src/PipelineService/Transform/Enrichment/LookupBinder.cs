using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Datasets;
using PipelineService.Datasets.Lookups;
using PipelineService.Hosting;

namespace PipelineService.Transform.Enrichment;

/// <summary>Where the ops of one load have their answers from; disposed of with the load.</summary>
/// <param name="Answers">Null where no op asks for any.</param>
public sealed record BoundLookups(ExternalAnswers? Answers, ImmutableArray<LookupLease> Leases) : IDisposable
{
    public static BoundLookups None { get; } = new(null, []);

    public void Dispose()
    {
        foreach (LookupLease lease in Leases)
        {
            lease.Dispose();
        }
    }
}

/// <summary>
/// Brings the ops that look something up together with the versions that a job has pinned: rows in memory where they fit, a query a chunk
/// where they do not.
/// </summary>
public sealed class LookupBinder(LookupTables tables, LookupVersions versions, DatasetCatalog datasets)
{
    /// <param name="plan">Of the job's dataset.</param>
    /// <param name="pins">By the name of a dataset the job whose rows of it are seen.</param>
    /// <exception cref="JobFaultException">A dataset is no longer what it was when it was to be looked up.</exception>
    public async Task<BoundLookups> BindAsync(
        RowPlan plan, IReadOnlyDictionary<string, Guid> pins, CancellationToken cancellationToken)
    {
        if (plan.Lookups.IsEmpty)
        {
            return BoundLookups.None;
        }

        List<LookupLease> leases = [];
        var found = ImmutableDictionary.CreateBuilder<int, LookupTable>();
        try
        {
            foreach (LookupUse use in plan.Lookups)
            {
                LookupPolicy policy = await CheckAsync(use, pins[use.Dataset], cancellationToken);
                LookupLease lease = await tables.TakeAsync(pins[use.Dataset], use, policy.MemoryBytesMax, cancellationToken);
                leases.Add(lease);
                if (lease.Table is { } table)
                {
                    found.Add(use.Op, table);
                }
            }
        }
        catch
        {
            leases.ForEach(lease => lease.Dispose());
            throw;
        }

        ExternalAnswers answers = new(
            found.ToImmutable(), (use, questions, token) => tables.AskAsync(pins[use.Dataset], use, questions, token));
        return new BoundLookups(answers, [.. leases]);
    }

    /// <summary>The same for a record or two: nothing is read into memory, what is needed is asked for.</summary>
    /// <inheritdoc cref="BindAsync" path="/param"/>
    /// <inheritdoc cref="BindAsync" path="/exception"/>
    public async Task<ExternalAnswers?> BindToAskAsync(
        RowPlan plan, IReadOnlyDictionary<string, Guid> pins, CancellationToken cancellationToken)
    {
        foreach (LookupUse use in plan.Lookups)
        {
            if (!pins.TryGetValue(use.Dataset, out Guid job))
            {
                throw new JobFaultException(DatasetProblems.LookupNotLoaded(use.Dataset));
            }

            await CheckAsync(use, job, cancellationToken);
        }

        return plan.Lookups.IsEmpty ? null : new ExternalAnswers(
            ImmutableDictionary<int, LookupTable>.Empty,
            (use, questions, token) => tables.AskAsync(pins[use.Dataset], use, questions, token));
    }

    /// <summary>The rows were loaded by a definition that may be another than the one that the op was held against.</summary>
    private async Task<LookupPolicy> CheckAsync(LookupUse use, Guid job, CancellationToken cancellationToken)
    {
        if (await versions.FindDefinitionAsync(use.Dataset, job, cancellationToken) is not int version)
        {
            throw new JobFaultException(DatasetProblems.LookupNotLoaded(use.Dataset));
        }

        DatasetDefinition source = (await datasets.GetVersionAsync(use.Dataset, version, cancellationToken)).Definition;
        if (source.Lookup is not { } policy)
        {
            throw new JobFaultException(DatasetProblems.LookupNotLoaded(use.Dataset));
        }

        var columns = source.Columns.ToDictionary(column => column.Name, StringComparer.Ordinal);
        string[] changed =
        [
            .. use.Columns
                .Where(column => !columns.TryGetValue(column.Name, out FieldDefinition? field) || FieldKinds.Of(field) != column.Kind)
                .Select(column => column.Name).Distinct(),
        ];
        IReadOnlySet<string> personal = source.PersonalColumns();
        bool isExposed = !use.HidesValues && use.Values.Any(column => personal.Contains(column.Name));
        bool isSameKey = policy.Key.ToHashSet(StringComparer.Ordinal).SetEquals(use.Key.Select(column => column.Name));
        return changed.Length == 0 && isSameKey && !isExposed
            ? policy
            : throw new JobFaultException(DatasetProblems.LookupChanged(use.Dataset, version, changed));
    }
}

using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Access.Keys;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Intake;
using PipelineService.Jobs;

namespace PipelineService.Sources;

/// <summary>In whose name an upload is taken, and for what.</summary>
internal sealed record SourceTarget(Caller Caller, DatasetVersion Dataset);

/// <summary>What became of an upload: its job, or why it is refused. Neither: it was taken before.</summary>
internal readonly record struct SourceAdmission(JobRow? Job, Problem? Refusal)
{
    /// <summary>Whether the same bytes would be refused again, whenever they came.</summary>
    public bool IsForGood => Refusal?.Status is
        StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType
        or StatusCodes.Status422UnprocessableEntity;

    /// <summary>What a refusal that may pass means for the source.</summary>
    public SourceFaultException ToFault() => new($"Nothing can be taken now: {Refusal?.Title} {Refusal?.Detail}");
}

/// <summary>Takes uploads for sources, in the name of whoever has made them, as the intake takes what is sent.</summary>
internal sealed class SourceIntake(FoundIntake intake, DatasetCatalog datasets, KeyRing keys)
{
    /// <exception cref="SourceFaultException">Nobody may take anything for it now, or there is nothing to take it for.</exception>
    public async Task<SourceTarget> TargetOfAsync(SourceRow source, CancellationToken cancellationToken)
    {
        Caller caller = CallerOf(source);
        return await datasets.FindAsync(source.Dataset, cancellationToken) is { } known && known.Tenant == source.Tenant
            ? new SourceTarget(caller, known)
            : throw new SourceFaultException(
                $"The dataset \"{source.Dataset}\" is not there any more: declare it, or point the source to another.");
    }

    /// <exception cref="OperationCanceledException">The service stops.</exception>
    public async Task<SourceAdmission> TakeAsync(
        SourceRow source, SourceTarget target, FoundUpload upload, Stream content, CancellationToken cancellationToken)
    {
        AuditActor actor = new($"source/{source.Name}", Address: null);
        try
        {
            return new SourceAdmission(
                await intake.TakeAsync(target.Dataset, upload, target.Caller, actor, content, cancellationToken), Refusal: null);
        }
        catch (UploadRefusedException e) when (e.Problem == UploadProblems.ShuttingDown)
        {
            throw new OperationCanceledException(e.Message, e);
        }
        catch (UploadRefusedException e)
        {
            return new SourceAdmission(Job: null, e.Problem);
        }
        catch (PostgresException e) when (e.SqlState == JobSql.TakenBefore)
        {
            return default; // another instance, or the process before this one
        }
    }

    /// <summary>In whose name it is taken: by their limits, as of now.</summary>
    private Caller CallerOf(SourceRow source)
    {
        Caller? owner = source.OwnerKey is { } key
            ? keys.Find(key)
            : Caller.Anonymous with { Kind = CallerKind.AdminKey, Actor = source.CreatedBy };
        return owner?.Sees(source.Dataset, source.Tenant, source.Label) == true
            ? owner
            : throw new SourceFaultException(
                "The key by which the source was made or changed last lets nobody in any more: send it again by another.");
    }
}

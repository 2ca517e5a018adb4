using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Intake;
using PipelineService.Sources.Buckets;
using PipelineService.Sources.Folders;
using PipelineService.Sources.Queues;

namespace PipelineService.Sources.Requests;

/// <summary>The body of a request that declares a source.</summary>
internal sealed partial class SourceBody(DatasetCatalog datasets, Microsoft.Extensions.Options.IOptions<SourcesOptions> options)
{
    public const string NamePattern = "^[a-z][a-z0-9_-]{0,62}$";

    private const string Dataset = "dataset";
    private const string Label = "source";
    private const string ContentType = "contentType";

    public async Task<(SourceDeclaration? Declared, Problem? Problem)> ReadAsync(
        string name, HttpRequest request, Caller caller, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) =
            await JsonBody.ReadAsync(request, isOptional: false, SourceProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (null, problem);
        }

        using (body)
        {
            body.CheckMembers([Dataset, Label, ContentType, .. SourceKinds.All]);
            if (!Name().IsMatch(name))
            {
                body.Add("name", $"\"{Excerpt.Of(name)}\" does not match {NamePattern}.");
            }

            DatasetVersion? dataset = await DatasetOfAsync(body, caller, cancellationToken);
            string? label = LabelOf(body, caller);
            string? contentType = ContentTypeOf(body, dataset?.Definition);
            (string kind, string settings, string place) = PlaceOf(body);
            return body.Faults.Count == 0
                ? (new SourceDeclaration(kind, dataset!.Name, label, contentType, settings, place, dataset.Tenant), null)
                : (null, SourceProblems.Invalid(body.Faults));
        }
    }

    /// <summary>What it is of: of one thing, and no other.</summary>
    private (string Kind, string Settings, string Place) PlaceOf(JsonBody body)
    {
        string[] said = [.. SourceKinds.All.Where(body.Has)];
        if (said.Length != 1)
        {
            body.Add(SourceKinds.Folder, $"Say one of \"{string.Join("\", \"", SourceKinds.All)}\": what it is of.");
            return ("", "", "");
        }

        switch (said[0])
        {
            case SourceKinds.Queue:
                QueueSettings? queue = QueueBody.Read(body, options.Value);
                return (SourceKinds.Queue, JsonSerializer.Serialize(queue, PipelineJson.Options), queue?.Place ?? "");
            case SourceKinds.Bucket:
                BucketSettings? bucket = BucketBody.Read(body, options.Value);
                return (SourceKinds.Bucket, JsonSerializer.Serialize(bucket, PipelineJson.Options), bucket?.Place ?? "");
            default:
                FolderSettings? folder = FolderBody.Read(body, options.Value);
                return (SourceKinds.Folder, JsonSerializer.Serialize(folder, PipelineJson.Options), folder?.Place ?? "");
        }
    }

    private async Task<DatasetVersion?> DatasetOfAsync(JsonBody body, Caller caller, CancellationToken cancellationToken)
    {
        string? name = body.Text(Dataset);
        if (name is not null && DatasetName.IsValid(name) && caller.Datasets.Match(name)
            && await datasets.FindAsync(name, cancellationToken) is { } dataset && caller.Sees(name, dataset.Tenant))
        {
            return dataset;
        }

        if (!body.Faults.ContainsKey($"/{Dataset}"))
        {
            body.Add(
                Dataset,
                name is null ? "Is missing: say which dataset its uploads are for." : $"There is no dataset \"{Excerpt.Of(name)}\".");
        }

        return null;
    }

    private static string? LabelOf(JsonBody body, Caller caller)
    {
        string? label = body.Text(Label);
        bool isLabel = label is null
            || (label.Length > 0 && label.EnumerateRunes().Count() <= UploadRequest.SourceLengthMax && !label.Any(char.IsControl));
        if (!isLabel)
        {
            body.Add(Label, $"Must have 1 to {UploadRequest.SourceLengthMax} printable characters.");
        }
        else if (caller.Source is { } bound && label is not null && label != bound)
        {
            body.Add(Label, $"The credential sends under the source \"{Excerpt.Of(bound)}\" alone: leave it out.");
        }

        return caller.Source ?? label;
    }

    /// <summary>By the table of formats that is that of uploads.</summary>
    private static string? ContentTypeOf(JsonBody body, DatasetDefinition? dataset)
    {
        string? type = body.Text(ContentType);
        if (type is null || dataset is null)
        {
            return type;
        }

        try
        {
            (_, UploadForm kind, _) = UploadContentType.Of(type, dataset);
            _ = UploadCharset.Of(type, kind, dataset);
        }
        catch (UploadRefusedException e)
        {
            body.Add(ContentType, e.Problem.Detail ?? e.Problem.Title);
        }

        return type;
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_-]{0,62}\z")]
    private static partial Regex Name();
}

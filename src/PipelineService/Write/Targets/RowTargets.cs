using PipelineService.Core.Datasets;

namespace PipelineService.Write.Targets;

/// <summary>Which target the rows of a dataset go to. One is made for each attempt at a job.</summary>
public class RowTargets
{
    public virtual RowTarget Of(DatasetDefinition definition) => new AppendTarget(definition);
}
